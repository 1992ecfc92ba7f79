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
)

// newVendorServer is a stand-in for the vendor, for the examples.
func newVendorServer(status int, body string) *httptest.Server {
	return httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}))
}

const linkBody = `{"url":"https://billing.example.com/checkout/5f1d7a84c0b94b6e"}`

func Example() {
	vendor := newVendorServer(http.StatusOK, linkBody)
	defer vendor.Close()

	// Without WithBaseURL, it is the production server.
	c, err := client.New(client.WithConsumerKey("my-key", "my-secret"), client.WithBaseURL(vendor.URL))
	if err != nil {
		log.Fatal(err)
	}
	payment, err := c.BuyEmailValidatorCredits(context.Background(), client.BuyEmailValidatorCreditsRequest{Amount: 320})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("Pay at", payment.URL)
	// Output: Pay at https://billing.example.com/checkout/5f1d7a84c0b94b6e
}

func ExampleClient_BuyEmailValidatorCredits_errors() {
	vendor := newVendorServer(http.StatusUnauthorized, `{"message":"account_is_inactive"}`)
	defer vendor.Close()

	c, err := client.New(client.WithAPIKey("my-api-key"), client.WithBaseURL(vendor.URL))
	if err != nil {
		log.Fatal(err)
	}
	_, err = c.BuyEmailValidatorCredits(context.Background(), client.BuyEmailValidatorCreditsRequest{Amount: 320})

	var apiErr *client.Error
	switch {
	case err == nil:
		fmt.Println("ordered")
	case errors.Is(err, client.ErrOutcomeUnknown):
		fmt.Println("check the billing account before you order again:", err)
	case client.HasCode(err, client.AccountIsInactive):
		fmt.Println("nothing was bought:", client.DescribeCode(client.AccountIsInactive))
	case errors.As(err, &apiErr):
		fmt.Println("nothing was bought, status", apiErr.StatusCode, "and code", apiErr.Code)
	default:
		fmt.Println("nothing was bought:", err)
	}
	// Output: nothing was bought: The credentials are valid, but the account is inactive. Ask TurboSMTP to activate it.
}

func ExampleErrOutcomeUnknown() {
	// A proxy that lost the server, perhaps before the order got there, perhaps after.
	proxy := newVendorServer(http.StatusBadGateway, `<html>Bad gateway</html>`)
	defer proxy.Close()

	c, err := client.New(client.WithAPIKey("my-api-key"), client.WithBaseURL(proxy.URL))
	if err != nil {
		log.Fatal(err)
	}
	_, err = c.BuyEmailValidatorCredits(context.Background(), client.BuyEmailValidatorCreditsRequest{Amount: 320})
	var apiErr *client.Error
	if errors.Is(err, client.ErrOutcomeUnknown) && errors.As(err, &apiErr) {
		fmt.Println("status", apiErr.StatusCode, "does not say whether the order was carried out")
	}
	// Output: status 502 does not say whether the order was carried out
}

// A Client belongs to one account. For several accounts, make several Clients.
func ExampleNew_severalAccounts() {
	vendor := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = fmt.Fprintf(w, `{"url":"https://billing.example.com/%s"}`, r.Header.Get(client.ConsumerKeyHeader))
	}))
	defer vendor.Close()

	accounts := map[string]*client.Client{}
	for _, name := range []string{"shop", "blog"} {
		c, err := client.New(client.WithConsumerKey(name+"-key", name+"-secret"), client.WithBaseURL(vendor.URL))
		if err != nil {
			log.Fatal(err)
		}
		defer c.Close()
		accounts[name] = c
	}
	payment, err := accounts["blog"].BuyEmailValidatorCredits(context.Background(), client.BuyEmailValidatorCreditsRequest{Amount: 50})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(payment.URL)
	// Output: https://billing.example.com/blog-key
}

// Buyer is all that a program of yours needs of a *client.Client. Its tests use a fake.
type Buyer interface {
	BuyEmailValidatorCredits(context.Context, client.BuyEmailValidatorCreditsRequest, ...client.CallOption) (*client.BuyEmailValidatorCreditsSuccessResponse, error)
}

var _ Buyer = (*client.Client)(nil)

type fakeBuyer struct{ err error }

func (f fakeBuyer) BuyEmailValidatorCredits(_ context.Context, r client.BuyEmailValidatorCreditsRequest, _ ...client.CallOption) (*client.BuyEmailValidatorCreditsSuccessResponse, error) {
	return &client.BuyEmailValidatorCreditsSuccessResponse{URL: fmt.Sprint("https://billing.example.com/", r.Amount)}, f.err
}

// TopUp is the program of yours.
func TopUp(ctx context.Context, buyer Buyer) string {
	payment, err := buyer.BuyEmailValidatorCredits(ctx, client.BuyEmailValidatorCreditsRequest{Amount: 320})
	switch {
	case errors.Is(err, client.ErrOutcomeUnknown):
		return "check the account first"
	case client.HasCode(err, client.CanNotBuyExtraCreditWithoutActivePlan):
		return "activate a plan first"
	case err != nil:
		return "failed"
	}
	return "pay at " + payment.URL
}

// A program that takes an interface can be tested with a fake, and its errors are made by hand.
func Example_fake() {
	fmt.Println(TopUp(context.Background(), fakeBuyer{}))
	fmt.Println(TopUp(context.Background(), fakeBuyer{err: &client.Error{
		StatusCode: http.StatusBadRequest,
		Code:       string(client.CanNotBuyExtraCreditWithoutActivePlan),
	}}))
	fmt.Println(TopUp(context.Background(), fakeBuyer{err: fmt.Errorf("the network: %w", client.ErrOutcomeUnknown)}))
	// Output:
	// pay at https://billing.example.com/320
	// activate a plan first
	// check the account first
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
	response, err := c.Raw().BuyEmailValidatorCreditsWithResponse(
		context.Background(),
		client.BuyEmailValidatorCreditsRequest{Amount: 320},
		func(_ context.Context, req *http.Request) error {
			req.Header.Set("X-Order", "order-7")
			return nil
		},
	)
	if err != nil { // All failures are here, none in the other fields of the response.
		log.Fatal(err)
	}
	fmt.Println(response.JSON200.URL)
	// Output: https://billing.example.com/order-7
}
