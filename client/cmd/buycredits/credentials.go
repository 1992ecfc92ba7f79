package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/turbosmtp-go/billing/client"
)

// credential is one of the three values, which comes from a file or the environment.
type credential struct {
	source string // the flag or the variable, for messages
	value  string
}

// credentials reads the credentials from the files that flags name, else from the environment. A file
// decides which way to authenticate is meant, and the variables of the other are then not read; the
// other half of a pair may still come from the environment. The client checks whether they are whole.
// It also returns how the client names the values, and their sources, in turn.
func (f *flags) credentials(ctx context.Context, p *program) (client.Option, []string, error) {
	const keyName, secretName, apiKeyName = "TURBOSMTP_CONSUMER_KEY", "TURBOSMTP_CONSUMER_SECRET", "TURBOSMTP_API_KEY" //nolint:gosec // names, not values
	key, secret, apiKey := credential{keyName, p.env(keyName)}, credential{secretName, p.env(secretName)}, credential{apiKeyName, p.env(apiKeyName)}
	pairFile, keyFile := f.ConsumerKeyFile != nil || f.ConsumerSecretFile != nil, f.APIKeyFile != nil
	switch {
	case pairFile && keyFile:
		return nil, nil, errors.New("use either --api-key-file, or --consumer-key-file and --consumer-secret-file")
	case pairFile:
		apiKey.value = ""
	case keyFile:
		key.value, secret.value = "", ""
	}
	if err := errors.Join(
		key.read(ctx, p, "--consumer-key-file", f.ConsumerKeyFile),
		secret.read(ctx, p, "--consumer-secret-file", f.ConsumerSecretFile),
		apiKey.read(ctx, p, "--api-key-file", f.APIKeyFile),
	); err != nil {
		return nil, nil, err
	}
	switch pair := key.value != "" || secret.value != ""; {
	case pair && apiKey.value != "":
		return nil, nil, fmt.Errorf("the environment contains both %s and %s or %s: set an API key, or a consumer key and its secret", apiKeyName, keyName, secretName)
	case pair || pairFile:
		return client.WithConsumerKey(key.value, secret.value),
			[]string{"WithConsumerKey: the consumer key", key.source, "WithConsumerKey: the consumer secret", secret.source}, nil
	case apiKey.value != "" || keyFile:
		return client.WithAPIKey(apiKey.value), []string{"WithAPIKey: the API key", apiKey.source}, nil
	}
	return nil, nil, fmt.Errorf("no credentials: set %s and %s, or %s, or use --consumer-key-file and --consumer-secret-file, or --api-key-file", keyName, secretName, apiKeyName)
}

const (
	// stdinName is the path that stands for standard input.
	stdinName = "-"
	// maxFile bounds what is read of a file, in bytes, as any path can be given.
	maxFile = 64 << 10
)

// read reads the file that a flag names, if it names one, without its last newline.
func (c *credential) read(ctx context.Context, p *program, flag string, path *string) error {
	if path == nil {
		return nil
	}
	c.source = "the value of " + flag
	var err error
	if *path == stdinName {
		c.value, err = p.readStdin(ctx)
	} else {
		c.value, err = stoppable(ctx, func() (string, error) { return readFile(*path) })
	}
	if err != nil {
		return fmt.Errorf("%s: %w", flag, err)
	}
	return nil
}

func (p *program) readStdin(ctx context.Context) (string, error) {
	return stoppable(ctx, func() (string, error) { return readKey(p.stdin) })
}

// stoppable runs a read that may block, such as of a terminal or a named pipe, until ctx is done.
func stoppable(ctx context.Context, read func() (string, error)) (text string, err error) {
	done := make(chan struct{})
	var got string
	var failed error
	go func() {
		got, failed = read()
		close(done)
	}()
	select {
	case <-done:
		return got, failed
	case <-ctx.Done():
		return "", context.Cause(ctx)
	}
}

func readFile(path string) (string, error) {
	file, err := os.Open(path) //nolint:gosec // The user names it.
	if err != nil {
		return "", err
	}
	defer func() { _ = file.Close() }() // Only read from.
	text, err := readKey(file)
	if err != nil {
		return "", fmt.Errorf("%s: %w", path, err)
	}
	return text, nil
}

func readKey(in io.Reader) (string, error) {
	text, err := io.ReadAll(io.LimitReader(in, maxFile+1))
	if err != nil {
		return "", err
	}
	if len(text) > maxFile {
		return "", errors.New("it is too large")
	}
	return strings.TrimSuffix(strings.TrimSuffix(string(text), "\n"), "\r"), nil
}
