package peer

import (
	"encoding/json"
	"fmt"
	"net/http"
	"sync"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/turbosmtp-go/billing/api"
)

// Facts are the values that hand-written checks take from the document.
type Facts struct {
	BasePath, Path string // Path with BasePath
	Min, Max       int64
	Unreadable     string            // code of an unreadable body
	Codes          map[string]string // of the amount, by keyword
	Missing, Wrong string            // codes of credentials
}

// Document reads the facts from the API's document.
var Document = sync.OnceValues(func() (Facts, error) {
	doc, err := api.Load()
	if err != nil {
		return Facts{}, err
	}
	base, err := doc.Servers.BasePath()
	if err != nil {
		return Facts{}, err
	}
	for path, item := range doc.Paths.Map() {
		op := item.Post
		amount := op.RequestBody.Value.Content["application/json"].Schema.Value.Properties["amount"].Value
		denied := codesOf(op.Responses.Status(http.StatusUnauthorized).Value.Extensions)
		return Facts{
			BasePath: base, Path: base + path,
			Min: int64(*amount.Min), Max: int64(*amount.Max),
			Unreadable: codesOf(op.RequestBody.Value.Extensions)["unreadable"],
			Codes:      codesOf(amount.Extensions),
			Missing:    denied["missing"], Wrong: denied["invalid"],
		}, nil
	}
	return Facts{}, fmt.Errorf("peer: no operation in %s", doc.Info.Title)
})

func codesOf(extensions map[string]any) map[string]string {
	codes := map[string]string{}
	mapped, _ := extensions["x-error-codes"].(map[string]any)
	for check, code := range mapped {
		if text, ok := code.(string); ok {
			codes[check] = text
		}
	}
	return codes
}

// Case is a request to all peers, with the expected response.
type Case struct {
	Name, Body string
	Status     int
	Response   string // JSON
}

// Cases returns the cases: a purchase, an amount above the limit, and large bodies.
func Cases() ([]Case, error) {
	facts, err := Document()
	if err != nil {
		return nil, err
	}
	sold := `{"url":"https://billing.example.com/checkout/token"}`
	refused, err := json.Marshal(map[string]string{"message": facts.Codes["maximum"]})
	if err != nil {
		return nil, err
	}
	amount := fmt.Sprintf(`{"amount":%d`, facts.Min)
	return []Case{
		{"valid", amount + "}", http.StatusOK, sold},
		{"invalid", fmt.Sprintf(`{"amount":%d}`, facts.Max+1), http.StatusBadRequest, string(refused)},
		{"1MiB-string", amount + `,"note":"` + repeat("x", 1<<20-64) + `"}`, http.StatusOK, sold},
		{"1MiB-nested", amount + `,"list":[` + repeat(`{"a":1,"b":[true,null,"x"]},`, 1<<20-64) + `0]}`, http.StatusOK, sold},
	}, nil
}

// WithNote returns a purchase whose body has the given number of bytes.
func WithNote(bytes int) (Case, error) {
	cases, err := Cases()
	if err != nil || bytes <= len(cases[0].Body) {
		return cases[0], err
	}
	c := cases[0]
	c.Body = c.Body[:len(c.Body)-1] + `,"note":"` + repeat("x", bytes-len(c.Body)-len(`,"note":""`)) + `"}`
	return c, nil
}

// repeat repeats text up to the given number of bytes, without cutting it.
func repeat(text string, bytes int) string {
	b := make([]byte, 0, max(0, bytes))
	for len(b)+len(text) <= bytes {
		b = append(b, text...)
	}
	return string(b)
}

// WithOperations returns the document with n operations that differ only in their paths. The first one is
// unchanged.
func WithOperations(n int) (*openapi3.T, error) {
	doc, err := api.Load()
	if err != nil {
		return nil, err
	}
	for path, item := range doc.Paths.Map() {
		for i := 1; i < n; i++ {
			op := *item.Post
			op.OperationID = fmt.Sprintf("%s%d", op.OperationID, i)
			doc.Paths.Set(fmt.Sprintf("%s_%d", path, i), &openapi3.PathItem{Post: &op})
		}
	}
	return doc, nil
}
