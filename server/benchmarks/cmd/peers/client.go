package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"time"

	buy "github.com/turbosmtp-go/billing/client"
	"github.com/turbosmtp-go/billing/gen/model"
	"github.com/turbosmtp-go/billing/server/benchmarks/contest"
	"github.com/turbosmtp-go/billing/server/benchmarks/peer"
	"github.com/turbosmtp-go/billing/server/benchmarks/process"
)

// client compares an order through package client with the minimal use of net/http and encoding/json: without
// response checks, time limit and useful errors.
func client(ctx context.Context, s settings) ([]row, error) {
	facts, err := peer.Document()
	if err != nil {
		return nil, err
	}
	seller, err := process.Self("serve", "seller")
	if err != nil {
		return nil, err
	}
	defer seller.Stop() //nolint:errcheck // the process ends in any case
	c, err := buy.New(buy.WithBaseURL("http://"+seller.Address+facts.BasePath), buy.WithConsumerKey(peer.Key, peer.Secret))
	if err != nil {
		return nil, err
	}
	amount := int(facts.Min)
	results, err := contest.Run(contest.Settings{Rounds: s.rounds, Turns: 15, Turn: 40 * time.Millisecond}, []contest.Subject{
		{Name: "net-http", Allocates: true, Do: func(times int) error {
			for range times {
				if err := least(ctx, "http://"+seller.Address+facts.Path, amount); err != nil {
					return err
				}
			}
			return nil
		}},
		{Name: "this", Allocates: true, Do: func(times int) error {
			for range times {
				if _, err := c.BuyEmailValidatorCredits(ctx, buy.BuyEmailValidatorCreditsRequest{Amount: amount}); err != nil {
					return err
				}
			}
			return nil
		}},
	})
	return []row{{"client", results}}, err
}

func least(ctx context.Context, url string, amount int) error {
	body, err := json.Marshal(model.BuyEmailValidatorCreditsRequest{Amount: amount})
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set(model.ConsumerKeyHeader, peer.Key)
	request.Header.Set(model.ConsumerSecretHeader, peer.Secret)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close() //nolint:errcheck // the body was read
	received, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	var payment model.BuyEmailValidatorCreditsSuccessResponse
	if err := json.Unmarshal(received, &payment); err != nil {
		return err
	}
	if payment.URL == "" {
		return errors.New("peers: the response contains no link")
	}
	return nil
}

// sell returns one fixed response to every order at almost no cost, so that the measured time is the client's.
func sell(listener net.Listener) error {
	sold := []byte("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 27\r\n\r\n{\"url\":\"https://x.example\"}")
	for {
		conn, err := listener.Accept()
		if err != nil {
			return err
		}
		go func() {
			defer func() { _ = conn.Close() }()
			for room, n := make([]byte, 4096), 0; ; {
				more, err := conn.Read(room[n:])
				if err != nil {
					return
				}
				if n += more; bytes.HasSuffix(room[:n], []byte("}")) { // the end of the order
					n = 0
					if _, err := conn.Write(sold); err != nil {
						return
					}
				}
			}
		}()
	}
}
