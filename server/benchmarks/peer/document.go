package peer

import (
	"encoding/json"
	"fmt"
	"net/http"
	"sync"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/turbosmtp-go/billing/api"
)

// Facts are what a programmer without a generator reads in the document, and writes into the code.
type Facts struct {
	BasePath, Path string // Path with BasePath
	Min, Max       int64
	Unreadable     string            // code of a body that cannot be read
	Codes          map[string]string // of the amount, by the keyword that failed
	Missing, Wrong string            // codes of credentials
}

// Document reads the facts, so that they are not written here a second time.
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
	return Facts{}, fmt.Errorf("there is no operation in %s", doc.Info.Title)
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

// Case is a request that all peers are asked, and how they answer it.
type Case struct {
	Name, Body string
	Status     int
	Answer     string // JSON
}

// Cases returns the requests: a purchase, an amount past the limit, and large bodies.
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

// WithNote is a purchase whose body has about so many bytes.
func WithNote(bytes int) (Case, error) {
	cases, err := Cases()
	if err != nil || bytes <= len(cases[0].Body) {
		return cases[0], err
	}
	c := cases[0]
	c.Body = c.Body[:len(c.Body)-1] + `,"note":"` + repeat("x", bytes-len(c.Body)-len(`,"note":""`)) + `"}`
	return c, nil
}

// repeat repeats text up to so many bytes, and never a part of it.
func repeat(text string, bytes int) string {
	b := make([]byte, 0, max(0, bytes))
	for len(b)+len(text) <= bytes {
		b = append(b, text...)
	}
	return string(b)
}

// WithOperations returns the document with so many operations, all alike but for their paths. The first is
// as it was.
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
