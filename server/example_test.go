package server_test

import (
	"context"
	"fmt"
	"log"
	"net/http/httptest"

	"github.com/turbosmtp-go/billing/client"
	"github.com/turbosmtp-go/billing/gen/httpserver"
	"github.com/turbosmtp-go/billing/gen/model"
	"github.com/turbosmtp-go/billing/server"
	"github.com/turbosmtp-go/billing/server/contract"
)

// shop implements the generated interface. Its requests have passed every check of the document.
type shop struct{}

func (shop) BuyEmailValidatorCredits(ctx context.Context, request httpserver.BuyEmailValidatorCreditsRequestObject) (httpserver.BuyEmailValidatorCreditsResponseObject, error) {
	customer := contract.Principal(ctx).(string)
	link := fmt.Sprintf("https://pay.example.com/%s/%d", customer, request.Body.Amount)
	return httpserver.BuyEmailValidatorCredits200JSONResponse{URL: link}, nil
}

const annsKey = "ann's key"

// authenticate returns the customer that credentials belong to.
func authenticate(_ context.Context, credentials contract.Credentials) (any, error) {
	if credentials.Value(model.AuthorizationScheme) == annsKey {
		return "ann", nil
	}
	return nil, contract.ErrNotAccepted
}

func Example() {
	s, err := server.New(shop{}, contract.AuthenticatorFunc(authenticate))
	if err != nil {
		log.Fatal(err)
	}
	listening := httptest.NewServer(s.Handler()) // or s.Serve(ctx, listener), with all limits
	defer listening.Close()

	c, err := client.New(client.WithAPIKey(annsKey), client.WithBaseURL(listening.URL+s.BasePath()))
	if err != nil {
		log.Fatal(err)
	}
	payment, err := c.BuyEmailValidatorCredits(context.Background(), client.BuyEmailValidatorCreditsRequest{Amount: 320})
	fmt.Println(payment.URL, err)
	_, err = c.BuyEmailValidatorCredits(context.Background(), client.BuyEmailValidatorCreditsRequest{Amount: 1})
	fmt.Println(client.HasCode(err, "amount_should_not_be_less_than_15"))
	// Output:
	// https://pay.example.com/ann/320 <nil>
	// true
}
