package sandbox_test

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/turbosmtp-go/billing/server/internal/billing"
	"github.com/turbosmtp-go/billing/server/internal/store/sqlite"
	"github.com/turbosmtp-go/billing/server/sandbox"
)

// isPage reports whether a path is not part of the API, so that its response is not that of the document.
func isPage(path string) bool {
	page, _, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	return slices.Contains([]string{"", "journal", "sandbox.yaml", "docs", "openapi.yaml", "openapi.json", "checkout", "livez", "readyz"}, page)
}

// FuzzRequest sends requests. Each response is one of the document and not a 5xx, and a purchase has the
// amount of the request body, within the limits.
func FuzzRequest(f *testing.F) {
	codes := documentCodes(f)
	store, err := sqlite.Open(f.Context(), sqlite.Memory)
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { _ = store.Close() })
	box, err := sandbox.New(f.Context(), store, "http://sandbox.example", sandbox.WithDemoAccounts(), sandbox.WithLogger(slog.New(slog.NewTextHandler(io.Discard, nil))))
	if err != nil {
		f.Fatal(err)
	}
	service, err := billing.New(store)
	if err != nil {
		f.Fatal(err)
	}
	f.Add("POST", path, "sandbox-active-token", "", "", "application/json", "", []byte(`{"amount":320}`))
	f.Add("POST", path, "", "sandbox-active-key", "sandbox-active-secret", "application/json;x", "", []byte(`{"amount":1800,"AMOUNT":2}`))
	f.Add("POST", path, "sandbox-noplan-token", "", "", "application/json", "", []byte(`{"amount":15}`))
	f.Add("POST", path, "sandbox-inactive-token", "", "", "text/plain", "gzip", []byte(`{"amount":5e1}`))
	f.Add("POST", path, "sandbox-active-token", "", "", "application/json", "", []byte(fmt.Sprintf(`{"amount":%d,"amount":320}`, maxAmount+1)))
	f.Add("OPTIONS", "/", "", "", "", "", "", []byte(nil))
	f.Add("GET", "/checkout/x", "", "", "", "", "", []byte(nil))
	f.Fuzz(func(t *testing.T, method, target, token, key, secret, contentType, coding string, body []byte) {
		request, err := http.NewRequestWithContext(t.Context(), method, "http://sandbox.example", strings.NewReader(string(body)))
		if err != nil {
			return // net/http rejects the request
		}
		request.URL.Path, _, _ = strings.Cut(target, "?")
		for name, value := range map[string]string{"Authorization": token, "Consumerkey": key, "Consumersecret": secret, "Content-Type": contentType, "Content-Encoding": coding} {
			if value != "" {
				request.Header[name] = []string{value}
			}
		}
		response := httptest.NewRecorder()
		box.Handler().ServeHTTP(response, request)
		if isPage(request.URL.Path) {
			if response.Code >= 500 {
				t.Fatalf("%d %s", response.Code, response.Body)
			}
			return
		}
		checkDocumented(t, codes, service, body, response)
	})
}

// checkDocumented checks that a response is one of the document, and that a purchase has the amount of the request
// body.
func checkDocumented(t *testing.T, codes map[int][]string, service *billing.Service, body []byte, response *httptest.ResponseRecorder) {
	t.Helper()
	var object map[string]string
	if err := json.Unmarshal(response.Body.Bytes(), &object); err != nil || len(object) != 1 || response.Header().Get("Content-Type") != "application/json" {
		t.Fatalf("%d %q %s", response.Code, response.Header().Get("Content-Type"), response.Body)
	}
	switch response.Code {
	case http.StatusOK:
		checkAmount(t, service, object["url"], body)
	case http.StatusBadRequest, http.StatusUnauthorized:
		if !slices.Contains(codes[response.Code], object["message"]) {
			t.Fatalf("%d %s", response.Code, response.Body)
		}
	case http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType:
		if object["message"] == "" {
			t.Fatalf("%d %s", response.Code, response.Body)
		}
	default:
		t.Fatalf("%d %s", response.Code, response.Body)
	}
}

// checkAmount checks that the purchase of a payment link has the amount of the request body, within the limits.
func checkAmount(t *testing.T, service *billing.Service, link string, body []byte) {
	t.Helper()
	purchase, err := service.Purchase(t.Context(), link[strings.LastIndexByte(link, '/')+1:])
	var sent struct{ Amount int64 }
	exact := map[string]json.RawMessage{}
	if err != nil || json.Unmarshal(body, &exact) != nil || json.Unmarshal(exact["amount"], &sent.Amount) != nil ||
		purchase.Amount != sent.Amount || purchase.Amount < minAmount || purchase.Amount > maxAmount {
		t.Fatalf("%q bought %d: %v", body, purchase.Amount, err)
	}
}
