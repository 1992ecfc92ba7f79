package main

import (
	"fmt"
	"io"
	"time"

	"github.com/turbosmtp-go/billing/gen/model"
	"github.com/turbosmtp-go/billing/server/internal/billing"
)

// keys are the commands sandbox keys ….
type keys struct {
	Add    addKey    `cmd:"" help:"Make a key for an account. Its secret is shown this once."`
	List   listKeys  `cmd:"" help:"List the keys of an account, or of all."`
	Revoke revokeKey `cmd:"" help:"Take a key away for good. It stops working within a second, wherever it is used."`
}

// addKey is the command sandbox keys add.
type addKey struct {
	administration
	Account string `arg:"" help:"Which account it is for."`
	Kind    string `help:"Kind of key: api for one key alone, consumer for a consumer key with its secret." enum:"api,consumer" default:"api"`
}

// Run makes the key.
func (a *addKey) Run(env *environment) error {
	kind := billing.KindAPIKey
	if a.Kind == "consumer" {
		kind = billing.KindConsumerKey
	}
	return a.with(env, func(service *billing.Service) error {
		issued, err := service.AddKey(env.ctx, a.Account, kind)
		if err != nil {
			return named(err, a.Account)
		}
		if a.Output == outputJSON {
			return printJSON(env.stdout, viewIssued(issued))
		}
		return printIssued(env.stdout, issued)
	})
}

// listKeys is the command sandbox keys list.
type listKeys struct {
	administration
	Account string `arg:"" optional:"" help:"Which account; all, unless it is given."`
}

// Run lists the keys.
func (l *listKeys) Run(env *environment) error {
	return l.with(env, func(service *billing.Service) error {
		var all []billing.Key
		if l.Account != "" {
			var err error
			if all, err = service.Keys(env.ctx, l.Account); err != nil {
				return named(err, l.Account)
			}
		} else {
			for balance, err := range service.Balances(env.ctx) {
				if err != nil {
					return err
				}
				found, err := service.Keys(env.ctx, balance.Account.ID)
				if err != nil {
					return err
				}
				all = append(all, found...)
			}
		}
		if l.Output == outputJSON {
			for _, key := range all {
				if err := printJSON(env.stdout, viewKey(key)); err != nil {
					return err
				}
			}
			return nil
		}
		return printKeys(env.stdout, all)
	})
}

// revokeKey is the command sandbox keys revoke.
type revokeKey struct {
	administration
	Key string `arg:"" help:"The key's ID, as sandbox keys list has it."`
}

// Run revokes the key.
func (r *revokeKey) Run(env *environment) error {
	return r.with(env, func(service *billing.Service) error {
		if err := service.RevokeKey(env.ctx, r.Key); err != nil {
			return named(err, r.Key)
		}
		if r.Output == outputJSON {
			return printJSON(env.stdout, struct {
				Revoked string `json:"revoked"`
			}{r.Key})
		}
		_, err := fmt.Fprintf(env.stdout, "The key %s is revoked.\n", r.Key)
		return err
	})
}

// keyView is how a key is printed for programs. The secrets are there when it was just made.
type keyView struct {
	ID             string     `json:"id"`
	Account        string     `json:"account"`
	Kind           string     `json:"kind"`
	CreatedAt      *time.Time `json:"created_at,omitempty"`
	ConsumerKey    string     `json:"consumer_key,omitempty"`
	ConsumerSecret string     `json:"consumer_secret,omitempty"`
	APIKey         string     `json:"api_key,omitempty"`
}

func viewKey(k billing.Key) keyView {
	view := keyView{ID: k.ID, Account: k.AccountID, Kind: string(k.Kind())}
	if !k.CreatedAt.IsZero() {
		view.CreatedAt = &k.CreatedAt
	}
	return view
}

func viewIssued(issued billing.IssuedKey) keyView {
	view := viewKey(issued.Key)
	if issued.ConsumerKey != "" {
		view.ConsumerKey, view.ConsumerSecret = issued.ConsumerKey, issued.Secret.Reveal()
	} else {
		view.APIKey = issued.Secret.Reveal()
	}
	return view
}

func printKeys(w io.Writer, keys []billing.Key) error {
	rows := make([]string, len(keys))
	for i, k := range keys {
		rows[i] = fmt.Sprintf("%s\t%s\t%s\t%s", k.AccountID, k.Kind(), day(k.CreatedAt), k.ID)
	}
	return printRows(w, "ACCOUNT\tKIND\tMADE (UTC)\tKEY", rows...)
}

// printIssued shows what nobody can show again, as the headers that it is sent in.
func printIssued(w io.Writer, issued ...billing.IssuedKey) error {
	for i, key := range issued {
		between := "\nA key for it, as the header to send:\n\n"
		if key.ConsumerKey != "" {
			between = "\nA key for it, as the two headers to send:\n\n"
		}
		if i > 0 {
			between = "\nor\n\n"
		}
		rows := []string{"  " + model.AuthorizationHeader + ":\t" + key.Secret.Reveal()}
		if key.ConsumerKey != "" {
			rows = []string{
				"  " + model.ConsumerKeyHeader + ":\t" + key.ConsumerKey,
				"  " + model.ConsumerSecretHeader + ":\t" + key.Secret.Reveal(),
			}
		}
		if _, err := io.WriteString(w, between); err != nil {
			return err
		}
		if err := printRows(w, "", rows...); err != nil {
			return err
		}
	}
	if len(issued) == 0 {
		return nil
	}
	_, err := io.WriteString(w, "\nKeep them now: secrets are stored as hashes, and not shown again.\n")
	return err
}
