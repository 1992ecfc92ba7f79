package main

import (
	"os"
	"path/filepath"
	"testing"
)

func TestWrongUse(t *testing.T) {
	t.Parallel()
	large := filepath.Join(t.TempDir(), "large")
	if err := os.WriteFile(large, make([]byte, 1<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		env  map[string]string
		args []string
		says string
	}{
		"no amount":           {pair(), nil, "<amount>"},
		"no number":           {pair(), []string{"many"}, `"many" is not a whole number`},
		"fraction":            {pair(), []string{"50.0"}, "whole number"},
		"negative fraction":   {pair(), []string{"-5.5"}, "unknown flag -5"},
		"past 64 bits":        {pair(), []string{"99999999999999999999"}, "whole number"},
		"two amounts":         {pair(), []string{"3", "4"}, "unexpected argument"},
		"two, one negative":   {pair(), []string{"3", "-4"}, "unexpected argument"},
		"unknown flag":        {pair(), []string{"320", "--amount", "4"}, "unknown flag --amount"},
		"key as a flag":       {pair(), []string{"320", "--api-key", "x"}, "unknown flag --api-key"},
		"output":              {pair(), []string{"320", "--output", "xml"}, "--output must be one of"},
		"timeout":             {pair(), []string{"320", "--timeout", "soon"}, "--timeout"},
		"negative timeout":    {pair(), []string{"320", "--timeout=-1s"}, "timeout is negative"},
		"base URL":            {pair(), []string{"320", "--base-url", "example.com"}, "base URL"},
		"no credentials":      {nil, []string{"320"}, "no credentials"},
		"half a pair":         {map[string]string{"TURBOSMTP_CONSUMER_KEY": testKey}, []string{"320"}, "consumer secret is missing"},
		"the other half":      {map[string]string{"TURBOSMTP_CONSUMER_SECRET": testSecret}, []string{"320"}, "consumer key is missing"},
		"both":                {map[string]string{"TURBOSMTP_CONSUMER_KEY": testKey, "TURBOSMTP_API_KEY": testAPIKey}, []string{"320"}, "both alternatives"},
		"bearer":              {map[string]string{"TURBOSMTP_API_KEY": "Bearer " + testAPIKey}, []string{"320"}, "raw key"},
		"no such file":        {nil, []string{"320", "--api-key-file", large + ".no"}, "--api-key-file: open"},
		"directory":           {nil, []string{"320", "--api-key-file", filepath.Dir(large)}, "--api-key-file: read"},
		"large file":          {nil, []string{"320", "--api-key-file", large}, "too large for a key"},
		"files of both":       {nil, []string{"320", "--api-key-file", large, "--consumer-key-file", large}, "excludes"},
		"key file, no secret": {nil, []string{"320", "--consumer-key-file", os.DevNull}, "consumer key is missing"},
		"empty API key file":  {pair(), []string{"320", "--api-key-file", os.DevNull}, "API key is missing"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			env := map[string]string{"TURBOSMTP_BASE_URL": "http://127.0.0.1:1"}
			for name, value := range tc.env {
				env[name] = value
			}
			runWith(t.Context(), env, tc.args...).want(t, 2, "", tc.says, "buycredits --help")
		})
	}
}
