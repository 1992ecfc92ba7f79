// Command sandbox serves a sandbox of the TurboSMTP billing API, and shows what was bought from it.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"slices"
	"syscall"

	"github.com/alecthomas/kong"

	"github.com/turbosmtp-go/billing/server/sandbox"
)

func main() {
	// Garbage is collected when the heap has doubled. The few megabytes that a sandbox has in use would be
	// collected while it starts, and then dozens of times a second. This counts as heap, but is never
	// touched: what it costs is the garbage of as many bytes more, unless somebody has limits of their own.
	var spare []byte
	if os.Getenv("GOGC") == "" && os.Getenv("GOMEMLIMIT") == "" {
		spare = make([]byte, 16<<20)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // so that a second signal does not wait for a graceful end
	err := run(ctx, os.Args[1:], os.LookupEnv, os.Stdout, os.Stderr)
	stop()
	runtime.KeepAlive(spare)
	os.Exit(exitCode(err))
}

// commands are the command line, as kong reads it.
type commands struct {
	Serve     serve     `cmd:"" help:"Serve the API, with a page behind each payment link."`
	Ready     ready     `cmd:"" help:"Say whether the sandbox on this machine is ready, by the exit code."`
	Accounts  accounts  `cmd:"" help:"Add, show and change accounts."`
	Keys      keys      `cmd:"" help:"Add, list and revoke keys."`
	Purchases purchases `cmd:"" help:"Show purchases."`
}

// environment is what a command works with beside its flags.
type environment struct {
	ctx            context.Context
	lookup         func(variable string) (string, bool)
	stdout, stderr io.Writer
}

// getenv returns a variable, "" when it is not set.
func (e *environment) getenv(name string) string {
	value, _ := e.lookup(name)
	return value
}

// errUsage is the wrong use of the command line.
var errUsage = errors.New("wrong use")

// run is the command without the process around it. Its error has been written to stderr.
func run(ctx context.Context, args []string, lookup func(string) (string, bool), stdout, stderr io.Writer) error {
	if slices.Contains(args, "serve") { // which needs them: they are read beside all that comes before
		go sandbox.ReadDocuments()
	}
	exited := errors.New("exited")
	var cli commands
	parser, err := kong.New(&cli,
		kong.Name("sandbox"),
		kong.Description("A sandbox of the TurboSMTP billing API: it answers as the documented API does, and keeps what was bought."),
		kong.Writers(stdout, stderr),
		kong.Exit(func(int) { panic(exited) }), // after --help
		kong.Resolvers(fromEnvironment(lookup)),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, WrapUpperBound: 100}))
	if err != nil {
		return err
	}
	parsed, err := parse(parser, args, exited)
	switch {
	case errors.Is(err, exited):
		return nil
	case err != nil:
		_, _ = fmt.Fprintf(stderr, "sandbox: %v\nTry sandbox --help.\n", err)
		return fmt.Errorf("%w: %w", errUsage, err)
	}
	if err := parsed.Run(&environment{ctx, lookup, stdout, stderr}); err != nil {
		_, _ = fmt.Fprintf(stderr, "sandbox: %v\n", err)
		return err
	}
	return nil
}

// parse returns exited when kong has done all there is to do.
func parse(parser *kong.Kong, args []string, exited error) (parsed *kong.Context, err error) {
	defer func() {
		if v := recover(); v != nil {
			if v != any(exited) {
				panic(v)
			}
			err = exited
		}
	}()
	return parser.Parse(args)
}

// fromEnvironment fills the flags that the command line leaves out from the variables that their
// help names.
func fromEnvironment(lookup func(string) (string, bool)) kong.Resolver {
	return kong.ResolverFunc(func(_ *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
		name := flag.Tag.Get("variable")
		if name == "" {
			return nil, nil
		}
		if value, ok := lookup(name); ok && value != "" {
			return value, nil
		}
		return nil, nil
	})
}

// exitCode is 0 for success, 2 for wrong use and 1 for any other failure.
func exitCode(err error) int {
	switch {
	case err == nil:
		return 0
	case errors.Is(err, errUsage):
		return 2
	}
	return 1
}
