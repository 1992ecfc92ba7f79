package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"text/tabwriter"
	"time"

	"github.com/turbosmtp-go/billing/server/sandbox"
)

// listPurchases is the command sandbox purchases list.
type listPurchases struct {
	Database string `help:"Where the purchases are: sqlite:PATH ($SANDBOX_DATABASE)." placeholder:"DATABASE" default:"sqlite:sandbox.db" variable:"SANDBOX_DATABASE"`
	Output   string `help:"How to print them: text, or json with one object a line." enum:"text,json" default:"text" short:"o"`
}

// Run prints the purchases.
func (l *listPurchases) Run(env *environment) (err error) {
	store, err := sandbox.OpenExistingStore(env.ctx, l.Database)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	purchases, err := sandbox.Purchases(env.ctx, store)
	if err != nil {
		return err
	}
	if l.Output == "json" {
		return printJSON(env.stdout, purchases)
	}
	return printTable(env.stdout, purchases)
}

// purchase is how a purchase is printed for programs.
type purchase struct {
	Token     string    `json:"token"`
	Account   string    `json:"account"`
	Amount    int64     `json:"amount"`
	Currency  string    `json:"currency"`
	Status    string    `json:"status"`
	CreatedAt time.Time `json:"created_at"`
}

func printJSON(w io.Writer, purchases iter.Seq2[sandbox.Purchase, error]) error {
	encoder := json.NewEncoder(w)
	for p, err := range purchases {
		if err != nil {
			return err
		}
		if err := encoder.Encode(purchase{p.Token, p.AccountID, p.Amount, p.Currency, string(p.Status), p.CreatedAt}); err != nil {
			return err
		}
	}
	return nil
}

func printTable(w io.Writer, purchases iter.Seq2[sandbox.Purchase, error]) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(table, "ORDERED\tACCOUNT\tAMOUNT\tSTATUS\tTOKEN")
	for p, err := range purchases {
		if err != nil {
			return errors.Join(err, table.Flush())
		}
		_, _ = fmt.Fprintf(table, "%s\t%s\t%d %s\t%s\t%s\n", p.CreatedAt.Format(time.DateTime), p.AccountID, p.Amount, p.Currency, p.Status, p.Token)
	}
	return table.Flush()
}
