// Package console is what a person sees of a sandbox beside its payment pages and its reference: the
// start page, and the journal.
package console

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/turbosmtp-go/billing/gen/control"
)

//go:embed page
var files embed.FS

// Start is what the start page says.
type Start struct {
	// API is the base URL of the API.
	API string
	// Accounts are the demo accounts, in the order in which they are shown. There may be none.
	Accounts []Account
	// Keys are the names of the headers that credentials are sent in, in the order of an account's.
	Keys []string
	// Curl is a command that buys, where there are accounts.
	Curl string
}

// Account is a demo account.
type Account struct {
	Name string
	// Keys are its credentials.
	Keys []string
	// Gets is what a valid purchase is answered with.
	Gets string
}

// Journal is what the journal's page says.
type Journal struct {
	// Entries are shown as they come, newest first.
	Entries []control.JournalEntry
	// Older is the id before which older entries are asked for, 0 when there are none.
	Older int64
	// Later says that these are not the newest.
	Later bool
}

// Failure is a page that says that there is nothing to see, and why.
type Failure struct {
	Status   int
	Sentence string
}

// Pages are the pages, ready to be written.
type Pages struct {
	start, journal, failure *template.Template
	policy                  string
}

// New reads the pages, which are part of the program.
func New() (*Pages, error) {
	style, err := files.ReadFile("page/style.css")
	if err != nil {
		return nil, fmt.Errorf("console: %w", err)
	}
	base, err := template.New("layout.html").Funcs(template.FuncMap{
		"style":   func() template.CSS { return template.CSS(style) }, //nolint:gosec // it is embedded
		"headers": headers,
		"time":    func(t time.Time) string { return t.UTC().Format("2 Jan, 15:04:05.000") },
		"machine": func(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) },
		"title":   http.StatusText,
		"kind":    kind,
	}).ParseFS(files, "page/layout.html")
	if err != nil {
		return nil, fmt.Errorf("console: %w", err)
	}
	hash := sha256.Sum256(style)
	p := &Pages{policy: "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(hash[:]) +
		"'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"}
	for name, into := range map[string]**template.Template{"start": &p.start, "journal": &p.journal, "failure": &p.failure} {
		page, err := base.Clone()
		if err == nil {
			*into, err = page.ParseFS(files, "page/"+name+".html")
		}
		if err != nil {
			return nil, fmt.Errorf("console: %w", err)
		}
	}
	return p, nil
}

// WriteStart writes the start page.
func (p *Pages) WriteStart(w http.ResponseWriter, view Start) error {
	return p.write(w, http.StatusOK, p.start, view)
}

// WriteJournal writes the journal's page.
func (p *Pages) WriteJournal(w http.ResponseWriter, view Journal) error {
	return p.write(w, http.StatusOK, p.journal, view)
}

// WriteFailure writes a page for a failure.
func (p *Pages) WriteFailure(w http.ResponseWriter, view Failure) error {
	return p.write(w, view.Status, p.failure, view)
}

func (p *Pages) write(w http.ResponseWriter, status int, page *template.Template, view any) error {
	var body bytes.Buffer // whole before the first byte leaves, so that no page breaks off in the middle
	if err := page.Execute(&body, view); err != nil {
		return fmt.Errorf("console: %w", err)
	}
	header := w.Header()
	header.Set("Content-Type", "text/html; charset=utf-8")
	header.Set("Content-Length", strconv.Itoa(body.Len()))
	header.Set("Content-Security-Policy", p.policy)
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("X-Frame-Options", "DENY")
	header.Set("X-Robots-Tag", "noindex, nofollow")
	header.Set("Referrer-Policy", "no-referrer")
	header.Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(body.Bytes()) // a client that has gone away is told nothing more; HEAD sends no body
	return nil
}

// headers writes headers as HTTP does, by name.
func headers(h control.Headers) string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(h)) {
		fmt.Fprintf(&b, "%s: %s\n", name, h[name])
	}
	return b.String()
}

// kind names a status for the style sheet.
func kind(status int) string {
	switch {
	case status == 0:
		return "cut"
	case status >= http.StatusInternalServerError:
		return "failed"
	case status >= http.StatusBadRequest:
		return "refused"
	}
	return "good"
}
