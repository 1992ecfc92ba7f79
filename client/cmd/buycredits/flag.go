package main

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/alecthomas/kong"

	"github.com/turbosmtp-go/billing/client"
)

// flags is the command line, as kong reads it. No credential is a flag of its own, as every user of
// a machine can see the arguments of its programs. The environment is read by parse, not by kong's
// env tag, which does not use the one that run is given. A pointer tells a flag that is given and empty
// from one that is not given.
type flags struct {
	Amount string `arg:"" help:"The price of the credits, in whole units of the account's currency; - reads it from standard input. The API decides which amounts are allowed."`

	BaseURL            *string         `name:"base-url" placeholder:"URL" help:"The API's base URL. Default: $TURBOSMTP_BASE_URL, or the production server."`
	Output             string          `enum:"text,json" default:"text" placeholder:"FORMAT" help:"What to print to standard output: text, the link alone, or json, an object with the link or with the error. Default: text."`
	ConsumerKeyFile    *string         `placeholder:"PATH" help:"File with the consumer key; - is standard input. Default: $TURBOSMTP_CONSUMER_KEY."`
	ConsumerSecretFile *string         `placeholder:"PATH" help:"File with the consumer secret; - is standard input. Default: $TURBOSMTP_CONSUMER_SECRET."`
	APIKeyFile         *string         `name:"api-key-file" placeholder:"PATH" help:"File with the API key, in place of a consumer key and its secret; - is standard input. Default: $TURBOSMTP_API_KEY."`
	Timeout            *time.Duration  `placeholder:"DURATION" help:"Time limit of the order, retries included, such as 10s; 0 sets none. The time of --wait does not count. Default: 30s."`
	MaxRetries         *int            `name:"max-retries" placeholder:"N" help:"Maximum number of retries of an order that was certainly not carried out. Default: 3."`
	Open               bool            `help:"Open the link in the browser."`
	Wait               bool            `help:"Wait until the purchase is paid, cancelled or expired (sandbox only). With --output json, its state is printed as a second object."`
	InsecureHTTP       bool            `name:"insecure-http" help:"Send the credentials over plain http to another machine."`
	Completion         *completionFlag `enum:"bash,zsh,fish" placeholder:"SHELL" help:"Print the completion script for the shell, bash, zsh or fish, and exit."`
	Version            versionFlag     `help:"Print the version and exit."`
}

const description = `Order email-validation credits from TurboSMTP. Prints the link to the page where they are paid; the order itself charges nothing.

Example:

	export TURBOSMTP_CONSUMER_KEY=... TURBOSMTP_CONSUMER_SECRET=...
	buycredits 320

Exit codes: 0 the order was carried out; 1 nothing was bought; 2 usage error; 3 it is unknown whether the order was carried out: check the billing account before you order again; 7 it was carried out, but standard output is closed or cannot be written, and the link is on standard error.

With --wait: 0 the purchase was paid; 4 it was cancelled; 5 it expired; 6 the order was carried out, but the status of its payment is unknown: open the link, and do not order again.

Stopped before the order was sent, so that nothing was bought: 129 by SIGHUP, 130 by SIGINT, 143 by SIGTERM.`

// order is what a command line asks for.
type order struct {
	*flags
	amount  int
	options []client.Option
	// names translates the client's names of options into those of flags and variables.
	names *strings.Replacer
}

func (o *order) buy(ctx context.Context) (*client.BuyEmailValidatorCreditsSuccessResponse, error) {
	c, err := client.New(o.options...)
	if err != nil {
		return nil, usageError(errors.New(o.names.Replace(strings.TrimPrefix(err.Error(), "client: "))))
	}
	defer func() { _ = c.Close() }() // It always returns nil.
	payment, err := c.BuyEmailValidatorCredits(ctx, client.BuyEmailValidatorCreditsRequest{Amount: o.amount})
	if err != nil {
		return nil, callFailure(ctx, err)
	}
	return payment, nil
}

// errShown reports that the help, the version or a completion script was printed.
var errShown = errors.New("shown")

// parse turns args and the environment into an order. Its error is errShown or a failure.
func (p *program) parse(ctx context.Context, args []string) (*order, error) {
	var f flags
	parser, err := kong.New(&f,
		kong.Name("buycredits"),
		kong.Description(description),
		kong.Writers(p.stdout, p.stdout),
		kong.Vars{"version": version()},
		kong.Help(func(options kong.HelpOptions, ctx *kong.Context) error {
			return show(func() error { return kong.DefaultHelpPrinter(options, ctx) })
		}),
	)
	if err != nil {
		return nil, usageError(err)
	}
	if _, err := parser.Parse(negativeLast(parser.Model.Flags, args)); err != nil {
		return nil, parseError(err)
	}
	o, err := f.order(ctx, p)
	switch {
	case err == nil:
		return o, nil
	case errors.As(err, new(signalError)):
		return nil, callFailure(ctx, fmt.Errorf("%w: %w", context.Canceled, err))
	}
	return nil, usageError(err)
}

// parseError returns the error for one of the parser's, which includes those of show.
func parseError(err error) error {
	var output *failure
	switch {
	case errors.As(err, &output):
		return output
	case errors.Is(err, errShown):
		return errShown
	}
	return usageError(err)
}

// show runs a function that writes a text, such as the help, to standard output. Its error ends the parser.
func show(write func() error) error {
	if err := write(); err != nil {
		err = fmt.Errorf("cannot write to standard output: %w", err)
		return &failure{Outcome: outcomeNotOrdered, ExitCode: exitNotOrdered, Message: err.Error(), cause: err}
	}
	return errShown
}

func (f *flags) order(ctx context.Context, p *program) (*order, error) {
	if err := f.checkGiven(); err != nil {
		return nil, err
	}
	if f.Amount == stdinName {
		text, err := p.readStdin(ctx)
		if err != nil {
			return nil, fmt.Errorf("the amount on standard input: %w", err)
		}
		f.Amount = text
	}
	amount, err := strconv.Atoi(strings.TrimSpace(f.Amount))
	switch {
	case errors.Is(err, strconv.ErrRange):
		return nil, fmt.Errorf("the amount %s is too large to be sent", f.Amount)
	case err != nil:
		return nil, fmt.Errorf("the amount %q is not a whole number", f.Amount)
	}
	credentials, names, err := f.credentials(ctx, p)
	if err != nil {
		return nil, err
	}
	o := &order{flags: f, amount: amount, options: []client.Option{credentials}}
	const variable = "TURBOSMTP_BASE_URL"
	switch fromEnv := p.env(variable); {
	case f.BaseURL != nil:
		o.options = append(o.options, client.WithBaseURL(*f.BaseURL))
		names = append(names, "WithBaseURL", "--base-url")
	case fromEnv != "":
		o.options = append(o.options, client.WithBaseURL(fromEnv))
		names = append(names, "WithBaseURL", variable)
	}
	if f.Timeout != nil {
		o.options = append(o.options, client.WithTimeout(*f.Timeout))
	}
	if f.MaxRetries != nil {
		o.options = append(o.options, client.WithMaxRetries(*f.MaxRetries))
	}
	if f.InsecureHTTP {
		o.options = append(o.options, client.WithInsecureHTTP())
	}
	o.names = strings.NewReplacer(append(names,
		"WithTimeout", "--timeout", "WithMaxRetries", "--max-retries", "WithInsecureHTTP", "--insecure-http")...)
	return o, nil
}

// checkGiven returns an error for a flag that is given and empty, and for standard input given twice.
func (f *flags) checkGiven() error {
	readers := 0
	if f.Amount == stdinName {
		readers++
	}
	for _, flag := range []struct {
		name  string
		value *string
	}{
		{"--base-url", f.BaseURL},
		{"--consumer-key-file", f.ConsumerKeyFile},
		{"--consumer-secret-file", f.ConsumerSecretFile},
		{"--api-key-file", f.APIKeyFile},
	} {
		switch {
		case flag.value == nil:
		case *flag.value == "":
			return fmt.Errorf("%s is given and empty: give a value, or leave it out", flag.name)
		case *flag.value == stdinName:
			readers++
		}
	}
	if readers > 1 {
		return errors.New("- is given twice: standard input can be used for one value only")
	}
	return nil
}

// asksForJSON reports whether args ask for JSON, also where they cannot be parsed as a whole.
func asksForJSON(args []string) bool {
	for i, arg := range args {
		if arg == "--output=json" || (arg == "json" && i > 0 && args[i-1] == "--output") {
			return true
		}
	}
	return false
}

// negative is an argument that can only be an amount, as no flag is a digit.
var negative = regexp.MustCompile(`^-[0-9]+$`)

// negativeLast moves a negative amount behind "--", where kong does not take it for a flag, so that
// it gets the API's response like any other. The value of a flag stays where it is.
func negativeLast(flags []*kong.Flag, args []string) []string {
	if slices.Contains(args, "--") {
		return args
	}
	for i, arg := range args {
		isValue := i > 0 && slices.ContainsFunc(flags, func(f *kong.Flag) bool { return args[i-1] == "--"+f.Name && !f.IsBool() })
		if negative.MatchString(arg) && !isValue {
			return append(slices.Delete(slices.Clone(args), i, i+1), "--", arg)
		}
	}
	return args
}

// versionFlag prints the version, before kong finds that other arguments are missing.
type versionFlag bool

// BeforeReset is a hook of kong's.
func (versionFlag) BeforeReset(app *kong.Kong, vars kong.Vars) error {
	return show(func() error {
		_, err := fmt.Fprintln(app.Stdout, app.Model.Name, vars["version"])
		return err
	})
}

func version() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "(devel)"
}
