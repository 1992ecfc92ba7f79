package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"text/tabwriter"

	"github.com/turbosmtp-go/billing/server/internal/billing"
	"github.com/turbosmtp-go/billing/server/internal/store"
)

// administration are the flags of the commands that look at a database or change it. They work on it
// directly, beside any server that has it open.
type administration struct {
	Database string `help:"Where the accounts and purchases are: sqlite:PATH or postgres://… ($SANDBOX_DATABASE)." placeholder:"DATABASE" default:"sqlite:sandbox.db" variable:"SANDBOX_DATABASE"`
	Output   string `help:"How to print: text, or json with one object a line." enum:"text,json" default:"text" short:"o"`
}

const outputJSON = "json"

// with opens the database for do.
func (a *administration) with(env *environment, do func(*billing.Service) error) (err error) {
	db, err := store.OpenExisting(env.ctx, a.Database)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	service, err := billing.New(db)
	if err != nil {
		return err
	}
	return do(service)
}

// named says what was not found, or is there already.
func named(err error, id string) error {
	switch {
	case errors.Is(err, billing.ErrAccountTaken):
		return fmt.Errorf("there is an account %q already", id)
	case errors.Is(err, billing.ErrAccountNotFound):
		return fmt.Errorf("there is no account %q", id)
	case errors.Is(err, billing.ErrKeyNotFound):
		return fmt.Errorf("there is no key %q; sandbox keys list has them", id)
	}
	return err
}

func printJSON(w io.Writer, value any) error { return json.NewEncoder(w).Encode(value) }

// printRows prints rows whose cells end with tabs, below a heading unless that is empty.
func printRows(w io.Writer, heading string, rows ...string) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	if heading != "" {
		rows = append([]string{heading}, rows...)
	}
	for _, row := range rows {
		_, _ = fmt.Fprintln(table, row) // what fails, Flush says
	}
	return table.Flush()
}

// printAll prints a list as it comes: as a table with one row an item, or as one object a line.
func printAll[T, V any](w io.Writer, output string, list iter.Seq2[T, error], view func(T) V, heading string, row func(T) string) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	if output != outputJSON {
		_, _ = fmt.Fprintln(table, heading)
	}
	for item, err := range list {
		switch {
		case err != nil:
			return errors.Join(err, table.Flush())
		case output != outputJSON:
			_, _ = fmt.Fprintln(table, row(item))
		default:
			if err := printJSON(w, view(item)); err != nil {
				return err
			}
		}
	}
	return table.Flush()
}
