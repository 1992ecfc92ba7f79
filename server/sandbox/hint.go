package sandbox

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/turbosmtp-go/billing/api"
	"github.com/turbosmtp-go/billing/gen/httpclient"
	"github.com/turbosmtp-go/billing/gen/model"
	"github.com/turbosmtp-go/billing/server/internal/billing"
)

// Hints are command lines that buy credits from a sandbox with a demo account, to be pasted as they
// stand.
type Hints struct {
	// Curl needs curl alone.
	Curl string
	// BuyCredits runs the project's own command by the Go tool, in a checkout of the project.
	BuyCredits string
}

// NewHints writes the command lines for the API at baseURL, with the example of the document.
func NewHints(baseURL string) (Hints, error) {
	order, err := exampleOrder()
	if err != nil {
		return Hints{}, err
	}
	request, err := httpclient.NewBuyEmailValidatorCreditsRequest(baseURL+"/", order)
	if err != nil {
		return Hints{}, fmt.Errorf("sandbox: %w", err)
	}
	body, err := json.Marshal(order)
	if err != nil {
		return Hints{}, fmt.Errorf("sandbox: %w", err)
	}
	demo := billing.DemoAccounts()[0]
	key, secret := demo.ConsumerKey, demo.ConsumerSecret.Reveal()
	return Hints{
		Curl: fmt.Sprintf("curl -X %s %s \\\n  -H 'Content-Type: %s' -H '%s: %s' -H '%s: %s' -d '%s'",
			request.Method, request.URL, request.Header.Get("Content-Type"),
			model.ConsumerKeyHeader, key, model.ConsumerSecretHeader, secret, body),
		BuyCredits: fmt.Sprintf("TURBOSMTP_CONSUMER_KEY=%s TURBOSMTP_CONSUMER_SECRET=%s \\\n  go run github.com/turbosmtp-go/billing/client/cmd/buycredits --base-url %s %d",
			key, secret, baseURL, order.Amount),
	}, nil
}

// exampleOrder returns the document's own example of an order.
func exampleOrder() (model.BuyEmailValidatorCreditsRequest, error) {
	var order model.BuyEmailValidatorCreditsRequest
	document, err := api.Document()
	if err != nil {
		return order, err
	}
	for _, item := range document.Paths.Map() {
		operation := item.GetOperation(http.MethodPost)
		if operation == nil || !strings.EqualFold(operation.OperationID, "BuyEmailValidatorCredits") || operation.RequestBody == nil {
			continue
		}
		for _, media := range operation.RequestBody.Value.Content {
			for _, example := range media.Examples {
				text, err := json.Marshal(example.Value.Value)
				if err != nil {
					return order, fmt.Errorf("sandbox: the document's example: %w", err)
				}
				return order, json.Unmarshal(text, &order)
			}
		}
	}
	return order, errors.New("sandbox: the document has no example of an order")
}
