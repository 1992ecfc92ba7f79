// Command buycredits orders email-validation credits from TurboSMTP and prints the link where they
// are paid.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"unicode"

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
	order, err := parse(args, env, stdout)
	if errors.Is(err, errShown) {
		return nil
	}
	if err == nil {
		err = buy(ctx, order, stdout)
	}
	if err != nil {
		_, _ = io.WriteString(stderr, explain(err)) // There is nowhere left to say that this failed.
	}
	return err
}

func buy(ctx context.Context, o *order, stdout io.Writer) error {
	c, err := client.New(o.options...)
	if err != nil {
		return usageError{err}
	}
	payment, err := c.BuyEmailValidatorCredits(ctx, o.amount)
	if err != nil {
		return err
	}
	if err := o.write(stdout, payment); err != nil {
		return linkError{link: payment.URL, cause: err}
	}
	return nil
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
