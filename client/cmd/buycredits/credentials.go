package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/turbosmtp-go/billing/client"
)

// credentials takes the credentials from the files that flags name, else from env. A file says which
// alternative is meant, and the environment's other one is then not looked at; the second half of a
// pair may still come from there. Whether they are whole, the client checks.
func (f *flags) credentials(env func(string) string) (client.Option, error) {
	key, secret, apiKey := env("TURBOSMTP_CONSUMER_KEY"), env("TURBOSMTP_CONSUMER_SECRET"), env("TURBOSMTP_API_KEY")
	pairFile, keyFile := f.ConsumerKeyFile != "" || f.ConsumerSecretFile != "", f.APIKeyFile != ""
	switch {
	case pairFile && keyFile:
		return nil, errors.New("--api-key-file excludes --consumer-key-file and --consumer-secret-file: give one alternative")
	case pairFile:
		apiKey = ""
	case keyFile:
		key, secret = "", ""
	}
	if err := errors.Join(
		readInto(&key, "--consumer-key-file", f.ConsumerKeyFile),
		readInto(&secret, "--consumer-secret-file", f.ConsumerSecretFile),
		readInto(&apiKey, "--api-key-file", f.APIKeyFile),
	); err != nil {
		return nil, err
	}
	switch pair := key != "" || secret != ""; {
	case pair && apiKey != "":
		return nil, errors.New("the environment holds both alternatives of the credentials: set a consumer key and secret, or an API key")
	case pair || pairFile:
		return client.WithConsumerKey(key, secret), nil
	case apiKey != "" || keyFile:
		return client.WithAPIKey(apiKey), nil
	}
	return nil, errors.New("no credentials: set TURBOSMTP_CONSUMER_KEY and TURBOSMTP_CONSUMER_SECRET, or TURBOSMTP_API_KEY, or name files that hold them")
}

// maxFile bounds what is read of a file, in bytes, as any path can be given.
const maxFile = 64 << 10

// readInto reads the file that a flag names, if it names one, without its last newline.
func readInto(value *string, flag, path string) error {
	if path == "" {
		return nil
	}
	file, err := os.Open(path) //nolint:gosec // The user names it.
	if err != nil {
		return fmt.Errorf("%s: %w", flag, err)
	}
	defer func() { _ = file.Close() }() // Only read from.
	text, err := io.ReadAll(io.LimitReader(file, maxFile+1))
	if err != nil {
		return fmt.Errorf("%s: %w", flag, err)
	}
	if len(text) > maxFile {
		return fmt.Errorf("%s: %s is too large for a key", flag, path)
	}
	*value = strings.TrimSuffix(strings.TrimSuffix(string(text), "\n"), "\r")
	return nil
}
