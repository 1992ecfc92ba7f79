// Command sandbox serves a sandbox of the TurboSMTP billing API and administers its accounts, keys and purchases.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"strings"

	"github.com/alecthomas/kong"
)

func main() {
	// The live heap is small, so collecting it at twice its size costs more time than it saves memory. This saves about
	// 5 % of the CPU time per request, and a tenth of the time to start.
	if os.Getenv("GOGC") == "" && os.Getenv("GOMEMLIMIT") == "" {
		debug.SetGCPercent(400)
	}
	ctx := untilSignal(context.Background())
	os.Exit(exitCode(run(ctx, os.Args[1:], os.Getenv, os.Stdout, os.Stderr)))
}

// commands is the command line, as kong parses it.
type commands struct {
	Serve     serve     `cmd:"" help:"Serve the API and its payment pages."`
	Ready     ready     `cmd:"" help:"Check whether the sandbox on this machine is ready. The exit code is 0 if it is."`
	Accounts  accounts  `cmd:"" help:"Add, show and change accounts."`
	Keys      keys      `cmd:"" help:"Add, list and revoke keys."`
	Purchases purchases `cmd:"" help:"List purchases."`
}

// environment is the input and output of a command, apart from its flags.
type environment struct {
	ctx            context.Context
	getenv         func(variable string) string
	stdout, stderr io.Writer
}

// run executes a command line and writes its error, if any, to stderr.
func run(ctx context.Context, args []string, getenv func(string) string, stdout, stderr io.Writer) error {
	helped := false
	parser, err := kong.New(&commands{},
		kong.Name("sandbox"),
		kong.Description("A sandbox of the TurboSMTP billing API. It behaves as the documented API does and stores the purchases."),
		kong.Writers(stdout, stderr),
		kong.Exit(func(int) { helped = true }), // kong calls this after it has printed the help
		kong.Resolvers(variables(getenv)),
		kong.ValueFormatter(helpWithVariable),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, WrapUpperBound: 100}))
	if err != nil {
		return err
	}
	parsed, err := parser.Parse(args)
	switch {
	case helped:
		return nil
	case err != nil:
		_, _ = fmt.Fprintf(stderr, "sandbox: %v\nRun `sandbox --help` for usage.\n", err)
		return err
	}
	if err := parsed.Run(&environment{ctx, getenv, stdout, stderr}); err != nil {
		_, _ = fmt.Fprintf(stderr, "sandbox: %s\n", strings.TrimPrefix(err.Error(), "sandbox: "))
		return err
	}
	return nil
}

// variables sets each flag that is not on the command line from the variable in its tag. Unlike kong's
// own env tag, it reads the variables through getenv and ignores empty ones.
func variables(getenv func(string) string) kong.Resolver {
	return kong.ResolverFunc(func(_ *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
		if value := getenv(flag.Tag.Get("variable")); value != "" {
			return value, nil
		}
		return nil, nil
	})
}

// helpWithVariable adds the name of the variable to the help of a flag.
func helpWithVariable(flag *kong.Value) string {
	if name := flag.Tag.Get("variable"); name != "" {
		return strings.TrimSuffix(flag.Help, ".") + " ($" + name + ")."
	}
	return flag.Help
}

// exitCode returns 0 for success, 2 for a usage error and 1 for any other error.
func exitCode(err error) int {
	var usage *kong.ParseError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &usage):
		return 2
	}
	return 1
}
