package client_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"

	"github.com/turbosmtp-go/billing/client"
	"github.com/turbosmtp-go/billing/gen/model"
)

func Example() {
	vendor := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"url":"https://billing.example.com/checkout/5f1d7a84c0b94b6e"}`)
	}))
	defer vendor.Close()

	// Without WithBaseURL, it is the production server.
	c, err := client.New(client.WithConsumerKey("my-key", "my-secret"), client.WithBaseURL(vendor.URL))
	if err != nil {
		log.Fatal(err)
	}
	payment, err := c.BuyEmailValidatorCredits(context.Background(), 320)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("Pay at", payment.URL)
	// Output: Pay at https://billing.example.com/checkout/5f1d7a84c0b94b6e
}

func ExampleClient_BuyEmailValidatorCredits_errors() {
	vendor := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusUnauthorized)
		_, _ = io.WriteString(w, `{"message":"account_is_inactive"}`)
	}))
	defer vendor.Close()

	c, err := client.New(client.WithAPIKey("my-api-key"), client.WithBaseURL(vendor.URL))
	if err != nil {
		log.Fatal(err)
	}
	_, err = c.BuyEmailValidatorCredits(context.Background(), 320)

	var answer *client.Error
	switch {
	case err == nil:
		fmt.Println("bought")
	case errors.Is(err, client.ErrOutcomeUnknown):
		fmt.Println("look in the billing account before ordering again:", err)
	case client.HasCode(err, model.AccountIsInactive):
		fmt.Println("nothing was bought:", model.DescribeCode(string(model.AccountIsInactive)))
	case errors.As(err, &answer):
		fmt.Println("nothing was bought, the server said", answer.StatusCode, answer.Code, answer.Message)
	default:
		fmt.Println("nothing was sent:", err)
	}
	// Output: nothing was bought: The credentials are right, but their account is inactive. Have the account activated by TurboSMTP.
}

func ExampleErrOutcomeUnknown() {
	// A proxy that lost the server, perhaps before the order got there, perhaps after.
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "<html>Bad gateway</html>", http.StatusBadGateway)
	}))
	defer proxy.Close()

	c, err := client.New(client.WithAPIKey("my-api-key"), client.WithBaseURL(proxy.URL))
	if err != nil {
		log.Fatal(err)
	}
	_, err = c.BuyEmailValidatorCredits(context.Background(), 320)
	if errors.Is(err, client.ErrOutcomeUnknown) {
		fmt.Println(err)
	}
	// Output: client: POST /billing/buy_emailvalidation_credits: 502 Bad Gateway: the outcome is unknown, the request may have been carried out
}

func ExampleClient_Raw() {
	vendor := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = fmt.Fprintf(w, `{"url":"https://billing.example.com/%s"}`, r.Header.Get("X-Order"))
	}))
	defer vendor.Close()

	c, err := client.New(client.WithAPIKey("my-api-key"), client.WithBaseURL(vendor.URL))
	if err != nil {
		log.Fatal(err)
	}
	answer, err := c.Raw().BuyEmailValidatorCreditsWithResponse(
		context.Background(),
		model.BuyEmailValidatorCreditsRequest{Amount: 320},
		func(_ context.Context, req *http.Request) error {
			req.Header.Set("X-Order", "order-7")
			return nil
		},
	)
	if err != nil { // All failures are here, none in the other fields of answer.
		log.Fatal(err)
	}
	fmt.Println(answer.JSON200.URL)
	// Output: https://billing.example.com/order-7
}
