package main

import (
	"errors"
	"fmt"

	"github.com/turbosmtp-go/billing/server/internal/billing"
	"github.com/turbosmtp-go/billing/server/internal/store"
)

// databaseFlags are the flags of the commands that read or change a database. These commands open the
// database themselves, also while a sandbox serves it.
type databaseFlags struct {
	Database string `help:"Database of the accounts and purchases: sqlite:PATH or postgres://…" default:"sqlite:sandbox.db" variable:"SANDBOX_DATABASE"`
	Output   string `help:"Output format: text, or json with one object per line." enum:"text,json" default:"text" short:"o"`
}

// open opens the database, calls use with it and closes it. The database must exist.
func (f *databaseFlags) open(env *environment, use func(*billing.Service) error) (err error) {
	db, err := store.OpenExisting(env.ctx, f.Database)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	service, err := billing.New(db)
	if err != nil {
		return err
	}
	return use(service)
}

// describe adds the ID of the account or key to an error that is about it.
func describe(err error, id string) error {
	switch {
	case errors.Is(err, billing.ErrAccountTaken):
		return fmt.Errorf("the account %q already exists", id)
	case errors.Is(err, billing.ErrAccountNotFound):
		return fmt.Errorf("the account %q does not exist; `sandbox accounts list` lists all accounts", id)
	case errors.Is(err, billing.ErrKeyNotFound):
		return fmt.Errorf("the key %q does not exist; `sandbox keys list` lists all keys", id)
	}
	return err
}
