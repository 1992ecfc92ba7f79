package main

import (
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/turbosmtp-go/billing/client"
)

func TestCredentialsFromFiles(t *testing.T) {
	t.Parallel()
	v := newVendor(t, http.StatusOK, `{"url":"`+testLink+`"}`)
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	key, secret := "--consumer-key-file="+file("key", testKey), "--consumer-secret-file="+file("secret", testSecret+"\n")
	apiKey := "--api-key-file=" + file("api", testAPIKey+"\r\n")
	stale := map[string]string{"TURBOSMTP_CONSUMER_KEY": "stale", "TURBOSMTP_CONSUMER_SECRET": "stale", "TURBOSMTP_API_KEY": "stale"}
	for name, tc := range map[string]struct {
		env   map[string]string
		files []string
		want  [3]string // key, secret, API key
	}{
		"pair":                  {nil, []string{key, secret}, [3]string{testKey, testSecret, ""}},
		"pair over environment": {stale, []string{key, secret}, [3]string{testKey, testSecret, ""}},
		"key":                   {nil, []string{apiKey}, [3]string{"", "", testAPIKey}},
		"key over environment":  {stale, []string{apiKey}, [3]string{"", "", testAPIKey}},
		"secret alone":          {pair(), []string{secret}, [3]string{testKey, testSecret, ""}},
		"secret over both":      {stale, []string{secret}, [3]string{"stale", testSecret, ""}},
		"environment, pair":     {pair(), nil, [3]string{testKey, testSecret, ""}},
		"environment, key":      {map[string]string{"TURBOSMTP_API_KEY": testAPIKey}, nil, [3]string{"", "", testAPIKey}},
	} {
		t.Run(name, func(t *testing.T) {
			runWith(t.Context(), tc.env, append(tc.files, "--base-url", v.URL, "320")...).want(t, 0, testLink+"\n")
			got := [3]string{v.header.Load().Get(client.ConsumerKeyHeader), v.header.Load().Get(client.ConsumerSecretHeader), v.header.Load().Get(client.AuthorizationHeader)}
			if got != tc.want {
				t.Errorf("sent %q: want %q", got, tc.want)
			}
		})
	}
	twoLines := "--api-key-file=" + file("lines", testAPIKey+"\n\n")
	runWith(t.Context(), nil, twoLines, "--base-url", v.URL, "320").want(t, 2, "", "space around")
}
