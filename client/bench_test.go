package client_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"testing"

	"github.com/turbosmtp-go/billing/client"
	"github.com/turbosmtp-go/billing/gen/model"
)

// BenchmarkBuy compares one order through the client with the least that could place it: net/http
// and encoding/json, no check of the answer. Both are served by the same kind of server, over
// loopback.
func BenchmarkBuy(b *testing.B) {
	b.Run("client", func(b *testing.B) {
		v := newVendor(b, func(w http.ResponseWriter, _ *http.Request) { sell(w) })
		c := newClient(b, v.URL)
		b.ReportAllocs()
		for b.Loop() {
			if _, err := c.BuyEmailValidatorCredits(b.Context(), 320); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("least", func(b *testing.B) {
		v := newVendor(b, func(w http.ResponseWriter, _ *http.Request) { sell(w) })
		rt := client.DefaultRoundTripper()
		b.ReportAllocs()
		for b.Loop() {
			if err := buyLeast(b, rt, v.URL); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func buyLeast(b *testing.B, rt http.RoundTripper, url string) error {
	body, err := json.Marshal(model.BuyEmailValidatorCreditsRequest{Amount: 320})
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(b.Context(), http.MethodPost, url+"/billing/buy_emailvalidation_credits", bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set(model.AuthorizationHeader, testAPIKey)
	resp, err := (&http.Client{Transport: rt}).Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	var payment model.BuyEmailValidatorCreditsSuccessResponse
	return json.Unmarshal(answer, &payment)
}
