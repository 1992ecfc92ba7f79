package main

import (
	"context"
	"fmt"
	"iter"
	"strings"
	"time"

	"github.com/turbosmtp-go/billing/gen/model"
	"github.com/turbosmtp-go/billing/server/internal/billing"
)

// keys are the commands sandbox keys ….
type keys struct {
	Add    addKey    `cmd:"" help:"Add a key to an account. The secret is shown only once."`
	List   listKeys  `cmd:"" help:"List the keys of one account or of all accounts."`
	Revoke revokeKey `cmd:"" help:"Revoke a key permanently. Every replica rejects it within a second."`
}

// addKey is the command sandbox keys add.
type addKey struct {
	databaseFlags
	Account string `arg:"" help:"ID of the account."`
	Kind    string `help:"Kind of key: api for a single API key, consumer for a consumer key and its secret." enum:"api,consumer" default:"api"`
}

func (a *addKey) Run(env *environment) error {
	kind := billing.KindAPIKey
	if a.Kind == "consumer" {
		kind = billing.KindConsumerKey
	}
	return a.open(env, func(service *billing.Service) error {
		issued, err := service.AddKey(env.ctx, a.Account, kind)
		if err != nil {
			return describe(err, a.Account)
		}
		return a.print(env, viewIssued(issued), issuedText(issued))
	})
}

// listKeys is the command sandbox keys list.
type listKeys struct {
	databaseFlags
	Account string `arg:"" optional:"" help:"ID of the account. The default is all accounts."`
}

func (l *listKeys) Run(env *environment) error {
	return l.open(env, func(service *billing.Service) error {
		return printList(&l.databaseFlags, env, l.find(env.ctx, service), viewKey, keyHeader, keyRow)
	})
}

// find yields the keys of the account, or of all accounts.
func (l *listKeys) find(ctx context.Context, service *billing.Service) iter.Seq2[billing.Key, error] {
	balances := service.Balances(ctx) // of all accounts
	if l.Account != "" {
		balances = func(yield func(billing.Balance, error) bool) { yield(service.Balance(ctx, l.Account)) }
	}
	return func(yield func(billing.Key, error) bool) {
		for balance, err := range balances {
			var keys []billing.Key
			if err == nil {
				keys, err = service.Keys(ctx, balance.Account.ID)
			}
			if err != nil {
				yield(billing.Key{}, describe(err, l.Account))
				return
			}
			for _, key := range keys {
				if !yield(key, nil) {
					return
				}
			}
		}
	}
}

// revokeKey is the command sandbox keys revoke.
type revokeKey struct {
	databaseFlags
	Key string `arg:"" help:"ID of the key, as shown by 'sandbox keys list'."`
}

func (r *revokeKey) Run(env *environment) error {
	return r.open(env, func(service *billing.Service) error {
		if err := service.RevokeKey(env.ctx, r.Key); err != nil {
			return describe(err, r.Key)
		}
		return r.print(env, map[string]string{"revoked": r.Key}, fmt.Sprintf("The key %s was revoked.\n", r.Key))
	})
}

// keyView is the JSON output for a key. It contains the secrets only when the key is added.
type keyView struct {
	ID             string    `json:"id"`
	Account        string    `json:"account"`
	Kind           string    `json:"kind"`
	CreatedAt      time.Time `json:"created_at,omitzero"`
	ConsumerKey    string    `json:"consumer_key,omitempty"`
	ConsumerSecret string    `json:"consumer_secret,omitempty"`
	APIKey         string    `json:"api_key,omitempty"`
}

func viewKey(k billing.Key) keyView {
	return keyView{ID: k.ID, Account: k.AccountID, Kind: string(k.Kind()), CreatedAt: k.CreatedAt}
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

const keyHeader = "ACCOUNT\tKIND\tCREATED (UTC)\tKEY"

func keyRow(k billing.Key) string {
	return fmt.Sprintf("%s\t%s\t%s\t%s", k.AccountID, k.Kind(), dateTime(k.CreatedAt), k.ID)
}

// issuedText shows new keys, with their secrets, as the headers to send.
func issuedText(issued ...billing.IssuedKey) string {
	if len(issued) == 0 {
		return ""
	}
	texts := make([]string, len(issued))
	for i, key := range issued {
		if key.ConsumerKey == "" {
			texts[i] = "Send this header:\n\n" + table("  "+model.AuthorizationHeader+":\t"+key.Secret.Reveal())
			continue
		}
		texts[i] = "Send these two headers:\n\n" + table(
			"  "+model.ConsumerKeyHeader+":\t"+key.ConsumerKey,
			"  "+model.ConsumerSecretHeader+":\t"+key.Secret.Reveal())
	}
	return "\n" + strings.Join(texts, "\nor\n\n") + "\nSave them now: only hashes of the secrets are stored, so they cannot be shown again.\n"
}
