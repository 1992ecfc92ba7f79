// Command buycredits orders email-validation credits from TurboSMTP and prints the link where they
// are paid. With --open it opens the link in the browser, with --wait it waits until a sandbox's
// purchase is paid, cancelled or expired.
//
// It exits with 0 when the order was taken, 1 when nothing was bought, 2 for wrong use, and 3 when it
// is unknown whether the order was taken. With --wait, 0 says that the order was paid, 4 that it was
// cancelled, 5 that it expired, and 6 that it was taken, but what became of it was not seen.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"
	"unicode"

	"golang.org/x/term"

	"github.com/turbosmtp-go/billing/client"
	"github.com/turbosmtp-go/billing/gen/model"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // A second signal ends the program at once.
	os.Exit(exitCode(run(ctx, os.Args[1:], os.Getenv, os.Stdout, os.Stderr)))
}

// run does what args ask for. It prints the payment link alone to stdout, and why there is none to
// stderr. The error it returns says the same to [exitCode].
func run(ctx context.Context, args []string, env func(string) string, stdout, stderr io.Writer) error {
	return newProgram(env, stdout, stderr).run(ctx, args)
}

// program is one run, and what it has of the machine. Tests give it something else.
type program struct {
	env            func(string) string
	stdout, stderr io.Writer
	terminal       bool // Whether stderr is one.
	clock          clock
	polls          *http.Client
	browse         func(link string) error
	patience       time.Duration
}

func newProgram(env func(string) string, stdout, stderr io.Writer) *program {
	file, ok := stderr.(*os.File)
	return &program{
		env: env, stdout: stdout, stderr: stderr,
		terminal: ok && term.IsTerminal(int(file.Fd())),
		clock:    systemClock(),
		polls:    newPollClient(pollTimeout),
		browse:   browse,
		patience: browserPatience,
	}
}

func (p *program) run(ctx context.Context, args []string) error {
	order, err := parse(args, p.env, p.stdout)
	if errors.Is(err, errShown) {
		return nil
	}
	if err == nil {
		err = p.carryOut(ctx, order)
	}
	if err != nil {
		p.say(explain(err))
	}
	return err
}

func (p *program) carryOut(ctx context.Context, o *order) error {
	payment, err := buy(ctx, o)
	if err != nil {
		return err
	}
	if err := o.write(p.stdout, payment); err != nil {
		return linkError{link: payment.URL, cause: err}
	}
	if o.open {
		p.open(ctx, payment.URL)
	}
	if o.wait {
		return p.wait(ctx, payment.URL, o.writeState)
	}
	return nil
}

func (p *program) say(text string) {
	_, _ = io.WriteString(p.stderr, text) // There is nowhere left to say that this failed.
}

func buy(ctx context.Context, o *order) (*model.BuyEmailValidatorCreditsSuccessResponse, error) {
	c, err := client.New(o.options...)
	if err != nil {
		return nil, usageError{err}
	}
	return c.BuyEmailValidatorCredits(ctx, o.amount)
}

// linkError is an order that was taken and whose link could not be handed over.
type linkError struct {
	link  string
	cause error
}

func (e linkError) Error() string {
	return fmt.Sprintf("cannot print the link %q: %v", e.link, e.cause)
}
func (e linkError) Unwrap() error { return e.cause }

// writeText prints the link alone. A terminal would act on what is not printable.
func writeText(w io.Writer, payment *model.BuyEmailValidatorCreditsSuccessResponse) error {
	if strings.ContainsFunc(payment.URL, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return errors.New("it holds characters that are not printable")
	}
	_, err := fmt.Fprintln(w, payment.URL)
	return err
}
