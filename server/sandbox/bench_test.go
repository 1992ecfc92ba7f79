package sandbox_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/turbosmtp-go/billing/server/internal/billing"
	"github.com/turbosmtp-go/billing/server/internal/store"
	"github.com/turbosmtp-go/billing/server/internal/store/groupcommit"
	"github.com/turbosmtp-go/billing/server/internal/store/postgrestest"
	"github.com/turbosmtp-go/billing/server/sandbox"
)

// BenchmarkDurable measures purchases per second over 64 connections: in SQLite on a disk with one
// transaction per purchase, with group commit, and in memory; and in PostgreSQL on the same machine.
func BenchmarkDurable(b *testing.B) {
	const connections = 64
	for _, subject := range []struct {
		name     string
		database func(b *testing.B) string
		commits  []groupcommit.Option
	}{
		{"one-by-one", onDisk, []groupcommit.Option{groupcommit.WithMaxBatch(1)}},
		{"together", onDisk, nil},
		{"in-memory", func(*testing.B) string { return "sqlite::memory:" }, nil},
		{"postgresql", func(b *testing.B) string { return postgrestest.Start(b).NewDatabase(b) }, nil},
	} {
		b.Run(subject.name, func(b *testing.B) {
			var batches, took atomic.Int64
			db, err := store.Open(b.Context(), subject.database(b), append(subject.commits, groupcommit.WithObserver(func(batch groupcommit.Batch) {
				batches.Add(1)
				took.Add(int64(batch.Took))
			}))...)
			if err != nil {
				b.Fatal(err)
			}
			defer func() { _ = db.Close() }()
			benchmarkPurchases(b, db, connections)
			b.ReportMetric(float64(b.N)/float64(batches.Load()), "purchases/flush")
			b.ReportMetric(float64(took.Load())/float64(batches.Load())/1000, "us/flush")
		})
	}
}

func onDisk(b *testing.B) string { return "sqlite:" + filepath.Join(b.TempDir(), "bench.db") }

// benchmarkPurchases makes b.N purchases over many connections.
func benchmarkPurchases(b *testing.B, store billing.Store, connections int) {
	b.Helper()
	var config net.ListenConfig
	listener, err := config.Listen(b.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	box, err := sandbox.New(b.Context(), store, "http://"+listener.Addr().String(),
		sandbox.WithDemoAccounts(), sandbox.WithLogger(slog.New(slog.DiscardHandler)))
	if err != nil {
		b.Fatal(err)
	}
	ctx, stop := context.WithCancel(b.Context())
	ended := make(chan error, 1)
	go func() { ended <- box.Serve(ctx, listener) }()
	defer func() { stop(); <-ended }()

	shoppers := make([]*shopper, connections)
	for i := range shoppers {
		if shoppers[i], err = newShopper(listener.Addr().String()); err != nil {
			b.Fatal(err)
		}
		defer func() { _ = shoppers[i].Close() }()
	}
	tickets := make(chan struct{}, connections)
	var group sync.WaitGroup
	b.ResetTimer()
	for _, shopper := range shoppers {
		group.Go(func() {
			for range tickets {
				if err := shopper.buy(); err != nil {
					b.Error(err)
				}
			}
		})
	}
	for range b.N {
		tickets <- struct{}{}
	}
	close(tickets)
	group.Wait()
	b.StopTimer()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "purchases/s")
	b.ReportMetric(0, "ns/op") // it would depend on the number of connections
}

// shopper buys over one connection, with little CPU time of its own.
type shopper struct {
	net.Conn
	reader  *bufio.Reader
	request []byte
}

func newShopper(address string) (*shopper, error) {
	var dialer net.Dialer
	connection, err := dialer.DialContext(context.Background(), "tcp", address)
	if err != nil {
		return nil, err
	}
	request := "POST " + path + " HTTP/1.1\r\nHost: " + address + "\r\nContent-Type: application/json\r\nContent-Length: 14\r\n" +
		active[0] + ": " + active[1] + "\r\n" + active[2] + ": " + active[3] + "\r\n\r\n" + `{"amount":320}`
	return &shopper{connection, bufio.NewReader(connection), []byte(request)}, nil
}

func (b *shopper) buy() error {
	if _, err := b.Write(b.request); err != nil {
		return err
	}
	length := 0
	for line := 0; ; line++ {
		text, err := b.reader.ReadSlice('\n')
		if err != nil {
			return err
		}
		switch text = bytes.TrimSpace(text); {
		case line == 0 && !bytes.HasPrefix(text, []byte("HTTP/1.1 200 ")):
			return fmt.Errorf("the response is %s", text)
		case len(text) == 0:
			_, err := io.CopyN(io.Discard, b.reader, int64(length))
			return err
		case bytes.HasPrefix(text, []byte("Content-Length: ")):
			if length, err = strconv.Atoi(string(text[len("Content-Length: "):])); err != nil {
				return err
			}
		}
	}
}
