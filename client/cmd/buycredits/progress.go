package main

import (
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"
)

// progress is one line on a terminal that is written over and over. It is written with spaces and
// carriage returns alone, which every terminal knows.
type progress struct {
	out     io.Writer // nil for no line at all.
	start   time.Time
	trouble *transientError
	width   int
}

func (p *progress) show(now time.Time) {
	if p.out == nil {
		return
	}
	text := fmt.Sprintf("Waiting for the payment … %d s", now.Sub(p.start)/time.Second)
	if p.trouble != nil {
		text += " (" + p.trouble.brief + ")"
	}
	rest := max(p.width-utf8.RuneCountInString(text), 0)
	p.width = utf8.RuneCountInString(text)
	_, _ = fmt.Fprint(p.out, "\r", text, strings.Repeat(" ", rest))
}

// clear leaves the line empty, for what is printed next.
func (p *progress) clear() {
	if p.width > 0 {
		_, _ = fmt.Fprint(p.out, "\r", strings.Repeat(" ", p.width), "\r")
	}
}
