// Command buycredits orders email-validation credits from TurboSMTP and prints the link to the page
// where they are paid. With --open it opens the link in the browser, with --wait it waits until a
// sandbox's purchase is paid, cancelled or expired.
//
// Its help lists the exit codes. A signal after the order was sent does not hide the order's outcome: the
// exit code is then 3, 6 or 7.
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
	env                 func(string) string
	stdin               io.Reader
	stdout, stderr      io.Writer
	terminal            bool // whether stderr is one
	clock               clock
	polls               *http.Client
	browse              func(link string) error
	browserStartTimeout time.Duration
	printPatience       time.Duration

	reported chan struct{} // closed once the link is printed
}

func newProgram(env func(string) string, stdin io.Reader, stdout, stderr io.Writer) *program {
	file, ok := stderr.(*os.File)
	return &program{
		env: env, stdin: stdin, stdout: stdout, stderr: stderr,
		terminal:            ok && term.IsTerminal(int(file.Fd())),
		clock:               systemClock(),
		polls:               newPollClient(pollTimeout),
		browse:              browse,
		browserStartTimeout: browserStartTimeout,
		printPatience:       time.Second,
		reported:            make(chan struct{}),
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
		p.report(err, asksForJSON(args))
	}
	return err
}

func (p *program) carryOut(ctx context.Context, o *order) error {
	payment, err := o.buy(ctx)
	if err != nil {
		return err
	}
	if err := p.print(ctx, o, payment); err != nil {
		return &failure{
			Outcome: outcomeOrdered, ExitCode: exitNotPrinted, summary: "The order was carried out, but its link could not be printed to standard output.",
			Message: "cannot print the link: " + err.Error(), Advice: doNotRepeat, URL: payment.URL, cause: err,
		}
	}
	close(p.reported)
	if o.Open {
		p.open(ctx, payment.URL)
	}
	if o.Wait {
		return p.wait(ctx, payment.URL, o.Output == "json")
	}
	return nil
}

// print prints the purchase. When ctx ends meanwhile, a reader that does not read gets a moment more.
func (p *program) print(ctx context.Context, o *order, payment *client.BuyEmailValidatorCreditsSuccessResponse) error {
	printed := make(chan error, 1)
	go func() {
		if o.Output == "json" {
			printed <- writeJSON(p.stdout, payment)
			return
		}
		_, err := fmt.Fprintln(p.stdout, payment.URL)
		printed <- err
	}()
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

// report prints a failure to stderr. As JSON it prints it to stdout too, unless that failed or contains
// the purchase's state.
func (p *program) report(err error, asJSON bool) {
	var f *failure
	if !errors.As(err, &f) {
		p.say("buycredits: " + err.Error() + "\n")
		return
	}
	p.say(f.text())
	if asJSON && f.ExitCode != exitNotPrinted && f.ExitCode != exitCancelled && f.ExitCode != exitExpired {
		_ = writeJSON(p.stdout, map[string]*failure{"error": f}) // It is on stderr, too.
	}
}

func (p *program) say(text string) {
	_, _ = io.WriteString(p.stderr, text) // There is nowhere left to report that this failed.
}
