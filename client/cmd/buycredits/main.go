// Command buycredits orders email-validation credits from TurboSMTP and prints the link to the page
// where they are paid. With --open it opens the link in the browser, with --wait it waits until a
// sandbox's purchase is paid, cancelled or expired.
//
// Its exit codes are
//
//	0    the order was carried out; with --wait: it was paid
//	1    nothing was bought, or a help text could not be printed
//	2    usage error, nothing was sent
//	3    it is unknown whether the order was carried out
//	4    with --wait: it was cancelled
//	5    with --wait: it expired
//	6    with --wait: the order was carried out, but its payment was not seen
//	7    the order was carried out, but standard output is closed or cannot be written; the link is on
//	     standard error
//	129  stopped by SIGHUP before the order was sent, nothing was bought
//	130  the same by SIGINT
//	143  the same by SIGTERM
//
// A signal that arrives later does not hide what became of the order: the exit code is 3, 6 or 7.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"

	"golang.org/x/term"

	"github.com/turbosmtp-go/billing/client"
)

func main() {
	p := newProgram(os.Getenv, os.Stdin, os.Stdout, os.Stderr)
	ctx := notify(context.Background(), p.reported)
	os.Exit(exitCode(p.run(ctx, os.Args[1:])))
}

// program is one run, and what it has of the machine. Tests replace it.
type program struct {
	env             func(string) string
	stdin           io.Reader
	stdout, stderr  io.Writer
	terminal        bool // whether stderr is one
	clock           clock
	polls           *http.Client
	browse          func(link string) error
	browserPatience time.Duration
	printPatience   time.Duration

	reported chan struct{} // closed once the link is printed
}

func newProgram(env func(string) string, stdin io.Reader, stdout, stderr io.Writer) *program {
	file, ok := stderr.(*os.File)
	return &program{
		env: env, stdin: stdin, stdout: stdout, stderr: stderr,
		terminal:        ok && term.IsTerminal(int(file.Fd())),
		clock:           systemClock(),
		polls:           newPollClient(pollTimeout),
		browse:          browse,
		browserPatience: browserPatience,
		printPatience:   time.Second,
		reported:        make(chan struct{}),
	}
}

// run does what args ask for. It prints the payment link alone to stdout, and why there is none to
// stderr. The returned error is for [exitCode].
func (p *program) run(ctx context.Context, args []string) error {
	o, err := p.parse(ctx, args)
	if errors.Is(err, errShown) {
		return nil
	}
	if err == nil {
		err = p.carryOut(ctx, o)
	}
	if err != nil {
		r := newReport(err)
		p.say(r.text())
		if asksForJSON(args) && !errors.As(err, new(linkError)) && !errors.As(err, new(unpaidError)) {
			_ = r.writeJSON(p.stdout) // It is on stderr, too.
		}
	}
	return err
}

func (p *program) carryOut(ctx context.Context, o *order) error {
	payment, err := o.buy(ctx)
	if err != nil {
		if signal := (signalError{}); errors.Is(err, context.Canceled) && errors.As(context.Cause(ctx), &signal) {
			return stoppedError{err, signal}
		}
		return err
	}
	if err := p.print(ctx, o, payment); err != nil {
		return linkError{link: payment.URL, cause: err}
	}
	close(p.reported)
	if o.open {
		p.open(ctx, payment.URL)
	}
	if o.wait {
		return p.wait(ctx, payment.URL, o.writeState)
	}
	return nil
}

// print prints the purchase. When ctx ends meanwhile, a reader that does not read gets a moment more.
func (p *program) print(ctx context.Context, o *order, payment *client.BuyEmailValidatorCreditsSuccessResponse) error {
	printed := make(chan error, 1)
	go func() { printed <- o.write(p.stdout, payment) }()
	select {
	case err := <-printed:
		switch {
		case err == nil && isClosed(p.stdout):
			return errors.New("it is closed")
		case err == nil && isNull(p.stdout):
			p.say("buycredits: Standard output is the null device. Link: " + oneLine(payment.URL) + "\n")
		}
		return err
	case <-ctx.Done():
	}
	select {
	case err := <-printed:
		return err
	case <-time.After(p.printPatience):
		return context.Cause(ctx)
	}
}

// isNull reports whether w is the null device.
func isNull(w io.Writer) bool {
	file, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := file.Stat()
	null, nullErr := os.Stat(os.DevNull)
	return err == nil && nullErr == nil && os.SameFile(info, null)
}

func (p *program) say(text string) {
	_, _ = io.WriteString(p.stderr, text) // There is nowhere left to report that this failed.
}

// linkError is an order that was carried out and whose link could not be printed.
type linkError struct {
	link  string
	cause error
}

func (e linkError) Error() string { return fmt.Sprintf("cannot print the link: %v", e.cause) }
func (e linkError) Unwrap() error { return e.cause }

// writeText prints the link alone.
func writeText(w io.Writer, payment *client.BuyEmailValidatorCreditsSuccessResponse) error {
	_, err := fmt.Fprintln(w, payment.URL)
	return err
}
