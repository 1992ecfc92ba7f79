package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"runtime/debug"
	"slices"
	"strconv"
	"time"

	"github.com/alecthomas/kong"

	"github.com/turbosmtp-go/billing/client"
	"github.com/turbosmtp-go/billing/gen/model"
)

// flags is the command line, as kong reads it. No credential is a flag of its own, as every user of
// a machine can see the arguments of its programs. The environment is read by parse, not by kong's
// env tag, which looks past the one that run is given.
type flags struct {
	Amount string `arg:"" help:"How much to buy credits for, in whole units of the account's currency. Which amounts are allowed, the API decides."`

	BaseURL            string         `name:"base-url" placeholder:"URL" help:"The API's base URL, $TURBOSMTP_BASE_URL if not given. Default: the production server."`
	Output             string         `enum:"text,json" default:"text" help:"What to print on success: text, the link alone, or json, an object with the link."`
	ConsumerKeyFile    string         `placeholder:"PATH" help:"File that holds the consumer key. Default: $TURBOSMTP_CONSUMER_KEY."`
	ConsumerSecretFile string         `placeholder:"PATH" help:"File that holds the consumer secret. Default: $TURBOSMTP_CONSUMER_SECRET."`
	APIKeyFile         string         `name:"api-key-file" placeholder:"PATH" help:"File that holds the API key, instead of a consumer key and its secret. Default: $TURBOSMTP_API_KEY."`
	Timeout            *time.Duration `placeholder:"DURATION" help:"How long the whole order may take, such as 10s; 0 for ever. What --wait waits for is not part of it. Default: 30s."`
	Open               bool           `help:"Open the link in the browser once the order was taken."`
	Wait               bool           `help:"Wait until a sandbox's purchase is paid, cancelled or expired, for as long as it takes. With --output json, what it is then is printed as a second object."`
	InsecureHTTP       bool           `name:"insecure-http" help:"Send the credentials over plain http to another machine."`
	Version            versionFlag    `help:"Print the version and leave."`
}

const description = `Order email-validation credits from TurboSMTP. Prints the link to the page where they are paid; nothing is charged by the order itself.

Example:

	export TURBOSMTP_CONSUMER_KEY=... TURBOSMTP_CONSUMER_SECRET=...
	buycredits 320

Exits with 0 when the order was taken, 1 when nothing was bought, 2 for wrong use, and 3 when it is unknown whether the order was taken. After 3, look in the billing account before ordering again.

With --wait, exits with 0 when the order was paid, 4 when it was cancelled, 5 when it expired, and 6 when it was taken but what became of it was not seen, such as when the link is no sandbox's. After 6, open the link to see, and do not order again.`

// order is what a command line asks for.
type order struct {
	amount  int
	options []client.Option
	write   func(io.Writer, *model.BuyEmailValidatorCreditsSuccessResponse) error
	// open and wait say what is done with the link after it was written.
	open, wait bool
	// writeState writes what the purchase is after a wait. It is nil where no one asked.
	writeState func(io.Writer, *purchase) error
}

// usageError is a command that cannot be carried out as it was given.
type usageError struct{ cause error }

func (e usageError) Error() string { return e.cause.Error() }
func (e usageError) Unwrap() error { return e.cause }

// errShown says that the help or the version was asked for and printed.
var errShown = errors.New("shown")

// parse turns args and env into an order. Its error is errShown or a usageError.
func parse(args []string, env func(string) string, stdout io.Writer) (*order, error) {
	var f flags
	parser, err := kong.New(&f,
		kong.Name("buycredits"),
		kong.Description(description),
		kong.Writers(stdout, stdout),
		kong.Vars{"version": version()},
		kong.Help(func(options kong.HelpOptions, ctx *kong.Context) error {
			return errors.Join(kong.DefaultHelpPrinter(options, ctx), errShown)
		}),
	)
	if err != nil {
		return nil, usageError{err}
	}
	if _, err := parser.Parse(negativeLast(args)); err != nil {
		if errors.Is(err, errShown) {
			return nil, errShown
		}
		return nil, usageError{err}
	}
	o, err := f.order(env)
	if err != nil {
		return nil, usageError{err}
	}
	return o, nil
}

func (f *flags) order(env func(string) string) (*order, error) {
	amount, err := strconv.Atoi(f.Amount)
	if err != nil {
		return nil, fmt.Errorf("the amount %q is not a whole number", f.Amount)
	}
	credentials, err := f.credentials(env)
	if err != nil {
		return nil, err
	}
	o := &order{amount: amount, options: []client.Option{credentials}, write: writeText, open: f.Open, wait: f.Wait}
	if f.Output == "json" {
		o.write, o.writeState = writeJSON, writeJSON
	}
	if f.BaseURL == "" {
		f.BaseURL = env("TURBOSMTP_BASE_URL")
	}
	if f.BaseURL != "" {
		o.options = append(o.options, client.WithBaseURL(f.BaseURL))
	}
	if f.Timeout != nil {
		o.options = append(o.options, client.WithTimeout(*f.Timeout))
	}
	if f.InsecureHTTP {
		o.options = append(o.options, client.WithInsecureHTTP())
	}
	return o, nil
}

func writeJSON[T model.BuyEmailValidatorCreditsSuccessResponse | purchase](w io.Writer, value *T) error {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false) // A link may hold "&".
	return encoder.Encode(value)
}

// negative is an argument that can only be an amount, as no flag is a digit.
var negative = regexp.MustCompile(`^-[0-9]+$`)

// negativeLast moves a negative amount behind "--", where kong does not take it for a flag, so that
// it gets the API's answer like any other.
func negativeLast(args []string) []string {
	i := slices.IndexFunc(args, negative.MatchString)
	if i < 0 || slices.Contains(args, "--") {
		return args
	}
	return append(slices.Delete(slices.Clone(args), i, i+1), "--", args[i])
}

// versionFlag prints the version, before kong finds that other arguments are missing.
type versionFlag bool

// BeforeReset is a hook of kong's.
func (versionFlag) BeforeReset(app *kong.Kong, vars kong.Vars) error {
	_, err := fmt.Fprintln(app.Stdout, app.Model.Name, vars["version"])
	return errors.Join(err, errShown)
}

func version() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "(devel)"
}
