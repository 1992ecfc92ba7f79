package sandbox_test

import (
	"context"
	"fmt"
	"log"
	"net"
	"net/http"
	"strings"

	"github.com/turbosmtp-go/billing/server/sandbox"
)

func Example() {
	ctx, stop := context.WithCancel(context.Background())
	store, err := sandbox.OpenStore(ctx, "sqlite::memory:")
	if err != nil {
		log.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	box, err := sandbox.New(ctx, store, "http://"+listener.Addr().String(), sandbox.WithDemoAccounts())
	if err != nil {
		log.Fatal(err)
	}
	served := make(chan error)
	go func() { served <- box.Serve(ctx, listener) }()

	response, err := http.Post("http://"+listener.Addr().String()+box.BasePath()+"/billing/buy_emailvalidation_credits", "application/json", strings.NewReader("{}"))
	if err != nil {
		log.Fatal(err)
	}
	_ = response.Body.Close()
	fmt.Println(response.Status)
	fmt.Println(box.Journal(1, 0)[0].Reason.Text)

	stop()
	if err := <-served; err != nil {
		log.Fatal(err)
	}
	if err := store.Close(); err != nil {
		log.Fatal(err)
	}
	// Output:
	// 401 Unauthorized
	// The credentials are missing or incomplete (missing). The request does not contain complete credentials. Send the API key, or the consumer key together with its secret.
}
