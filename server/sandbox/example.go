package sandbox

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/turbosmtp-go/billing/api"
	"github.com/turbosmtp-go/billing/gen/httpclient"
	"github.com/turbosmtp-go/billing/gen/model"
	"github.com/turbosmtp-go/billing/server/internal/billing"
)

// ExampleCommands are command lines that buy credits from a sandbox with a demo account.
type ExampleCommands struct {
	// Curl is a curl command.
	Curl string
	// BuyCredits runs the buycredits command of this module with the Go tool.
	BuyCredits string
}

// NewExampleCommands returns the command lines for the API at baseURL, with the example of the document.
func NewExampleCommands(baseURL string) (ExampleCommands, error) {
	body, order, err := exampleOrder()
	if err != nil {
		return ExampleCommands{}, err
	}
	request, err := httpclient.NewBuyEmailValidatorCreditsRequest(baseURL+"/", order)
	if err != nil {
		return ExampleCommands{}, fmt.Errorf("sandbox: %w", err)
	}
	demo := billing.DemoAccounts()[0]
	key, secret := demo.ConsumerKey, demo.ConsumerSecret.Reveal()
	return ExampleCommands{
		Curl: fmt.Sprintf("curl -X %s %s \\\n  -H 'Content-Type: %s' -H '%s: %s' -H '%s: %s' -d '%s'",
			request.Method, request.URL, request.Header.Get("Content-Type"),
			model.ConsumerKeyHeader, key, model.ConsumerSecretHeader, secret, body),
		BuyCredits: fmt.Sprintf("TURBOSMTP_CONSUMER_KEY=%s TURBOSMTP_CONSUMER_SECRET=%s \\\n  go run github.com/turbosmtp-go/billing/client/cmd/buycredits --base-url %s %d",
			key, secret, baseURL, order.Amount),
	}, nil
}

// exampleOrder returns the example of the request body in the document, as JSON and decoded.
func exampleOrder() (body []byte, order model.BuyEmailValidatorCreditsRequest, err error) {
	document, err := api.Document()
	if err != nil {
		return nil, order, err
	}
	for _, item := range document.Paths.Map() {
		if item.Post == nil || !strings.EqualFold(item.Post.OperationID, "BuyEmailValidatorCredits") {
			continue
		}
		for _, media := range item.Post.RequestBody.Value.Content {
			for _, example := range media.Examples {
				if body, err = json.Marshal(example.Value.Value); err == nil {
					err = json.Unmarshal(body, &order)
				}
				return body, order, err
			}
		}
	}
	return nil, order, errors.New("sandbox: the document has no example of a purchase")
}
