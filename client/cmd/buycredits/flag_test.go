package main

import (
	"os"
	"path/filepath"
	"testing"
)

func TestUsageErrors(t *testing.T) {
	t.Parallel()
	large := filepath.Join(t.TempDir(), "large")
	if err := os.WriteFile(large, make([]byte, 1<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		env      map[string]string
		args     []string
		contains string
	}{
		"no amount":                 {pair(), nil, "<amount>"},
		"no number":                 {pair(), []string{"many"}, `"many" is not a whole number`},
		"fraction":                  {pair(), []string{"50.0"}, "whole number"},
		"negative fraction":         {pair(), []string{"-5.5"}, "unknown flag -5"},
		"past 64 bits":              {pair(), []string{"99999999999999999999"}, "is too large to be sent"},
		"two amounts":               {pair(), []string{"3", "4"}, "unexpected argument"},
		"two, one negative":         {pair(), []string{"3", "-4"}, "unexpected argument"},
		"unknown flag":              {pair(), []string{"320", "--amount", "4"}, "unknown flag --amount"},
		"key as a flag":             {pair(), []string{"320", "--api-key", "x"}, "unknown flag --api-key"},
		"output":                    {pair(), []string{"320", "--output", "xml"}, "--output must be one of"},
		"timeout":                   {pair(), []string{"320", "--timeout", "soon"}, "--timeout"},
		"negative timeout":          {pair(), []string{"320", "--timeout=-1s"}, "--timeout: the timeout -1s is negative"},
		"base URL":                  {pair(), []string{"320", "--base-url", "example.com"}, "--base-url: the base URL is not"},
		"no credentials":            {nil, []string{"320"}, "no credentials"},
		"half a pair":               {map[string]string{"TURBOSMTP_CONSUMER_KEY": testKey}, []string{"320"}, "TURBOSMTP_CONSUMER_SECRET is missing or empty"},
		"the other half":            {map[string]string{"TURBOSMTP_CONSUMER_SECRET": testSecret}, []string{"320"}, "TURBOSMTP_CONSUMER_KEY is missing"},
		"both":                      {map[string]string{"TURBOSMTP_CONSUMER_KEY": testKey, "TURBOSMTP_API_KEY": testAPIKey}, []string{"320"}, "contains both TURBOSMTP_API_KEY and"},
		"bearer":                    {map[string]string{"TURBOSMTP_API_KEY": "Bearer " + testAPIKey}, []string{"320"}, "TURBOSMTP_API_KEY begins with \"Bearer \": pass the raw key"},
		"no such file":              {nil, []string{"320", "--api-key-file", large + ".no"}, "--api-key-file: open"},
		"directory":                 {nil, []string{"320", "--api-key-file", filepath.Dir(large)}, "--api-key-file: "},
		"large file":                {nil, []string{"320", "--api-key-file", large}, "it is too large"},
		"files of both":             {nil, []string{"320", "--api-key-file", large, "--consumer-key-file", large}, "use either --api-key-file"},
		"key file, no secret":       {nil, []string{"320", "--consumer-key-file", os.DevNull}, "the value of --consumer-key-file is missing or empty"},
		"negative retries, no =":    {pair(), []string{"--max-retries", "-1", "320"}, "--max-retries"},
		"negative timeout, no =":    {pair(), []string{"320", "--timeout", "-5"}, "--timeout"},
		"negative retries":          {pair(), []string{"320", "--max-retries=-1"}, "--max-retries: the number of retries -1 is negative"},
		"plain http":                {pair(), []string{"320", "--base-url", "http://192.0.2.1"}, "--base-url: the base URL is plain http to another machine, which shows the credentials to the network: use https, or --insecure-http"},
		"plain http, variable":      {map[string]string{"TURBOSMTP_API_KEY": testAPIKey, "TURBOSMTP_BASE_URL": "http://192.0.2.1"}, []string{"320"}, "TURBOSMTP_BASE_URL: the base URL is plain http"},
		"space in a variable":       {map[string]string{"TURBOSMTP_API_KEY": testAPIKey + " "}, []string{"320"}, "TURBOSMTP_API_KEY has space around it"},
		"empty amount":              {pair(), []string{""}, `the amount "" is not a whole number`},
		"empty base URL":            {pair(), []string{"320", "--base-url="}, "--base-url is given and empty"},
		"empty key file":            {pair(), []string{"320", "--consumer-key-file", ""}, "--consumer-key-file is given and empty"},
		"empty secret file":         {pair(), []string{"320", "--consumer-secret-file="}, "--consumer-secret-file is given and empty"},
		"empty API key flag":        {pair(), []string{"320", "--api-key-file="}, "--api-key-file is given and empty"},
		"empty output":              {pair(), []string{"320", "--output="}, "--output must be one of"},
		"empty timeout":             {pair(), []string{"320", "--timeout="}, "--timeout"},
		"empty retries":             {pair(), []string{"320", "--max-retries="}, "--max-retries"},
		"standard input twice":      {pair(), []string{"-", "--api-key-file", "-"}, "- is given twice"},
		"nothing on standard input": {pair(), []string{"-"}, `the amount "" is not a whole number`},
		"shell":                     {pair(), []string{"--completion", "tcsh"}, `--completion: "tcsh" is not one of bash, zsh and fish`},
		"empty API key file":        {pair(), []string{"320", "--api-key-file", os.DevNull}, "the value of --api-key-file is missing or empty"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			env := map[string]string{"TURBOSMTP_BASE_URL": "http://127.0.0.1:1"}
			for name, value := range tc.env {
				env[name] = value
			}
			runWith(t.Context(), env, tc.args...).want(t, 2, "", tc.contains, "buycredits --help")
		})
	}
}
