package main

import (
	"fmt"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/turbosmtp-go/billing/server/internal/billing"
)

// accounts are the commands sandbox accounts ….
type accounts struct {
	Add     addAccount      `cmd:"" help:"Add an account and keys for it. The secrets are shown only once."`
	List    listAccounts    `cmd:"" help:"List all accounts."`
	Show    showAccount     `cmd:"" help:"Show an account and its keys."`
	Disable activateAccount `cmd:"" help:"Make an account inactive. Every replica rejects it within a second."`
	Enable  activateAccount `cmd:"" help:"Make an account active again."`
	Plan    planAccount     `cmd:"" help:"Give an account a plan or take it away. Only accounts with a plan can buy."`
}

// addAccount is the command sandbox accounts add.
type addAccount struct {
	databaseFlags
	ID       string `arg:"" help:"Permanent ID of the account, such as acme."`
	Name     string `help:"Display name of the account. The default is its ID." placeholder:"NAME"`
	Currency string `help:"ISO 4217 code of the account's currency." default:"USD"`
	Inactive bool   `help:"Add the account as inactive."`
	NoPlan   bool   `help:"Add the account without a plan, so that it cannot buy."`
	NoKeys   bool   `help:"Add no keys. Use 'sandbox keys add' to add them later."`
}

func (a *addAccount) Run(env *environment) error {
	account := billing.Account{ID: a.ID, Name: a.Name, Currency: strings.ToUpper(a.Currency), Active: !a.Inactive, ActivePlan: !a.NoPlan}
	if account.Name == "" {
		account.Name = account.ID
	}
	kinds := []billing.KeyKind{billing.KindConsumerKey, billing.KindAPIKey}
	if a.NoKeys {
		kinds = nil
	}
	return a.open(env, func(service *billing.Service) error {
		issued, err := service.AddAccount(env.ctx, account, kinds...)
		if err != nil {
			return describe(err, a.ID)
		}
		view := viewAccount(billing.Balance{Account: account})
		for _, key := range issued {
			view.Keys = append(view.Keys, viewIssued(key))
		}
		return a.print(env, view, fmt.Sprintf("The account %s was added.\n%s", account.ID, issuedText(issued...)))
	})
}

// listAccounts is the command sandbox accounts list.
type listAccounts struct{ databaseFlags }

func (l *listAccounts) Run(env *environment) error {
	return l.open(env, func(service *billing.Service) error {
		return printList(&l.databaseFlags, env, service.Balances(env.ctx), viewAccount,
			"ACCOUNT\tNAME\tACTIVE\tPLAN\tPAID", func(b billing.Balance) string {
				return fmt.Sprintf("%s\t%s\t%s\t%s\t%d %s", b.Account.ID, b.Account.Name, yesNo(b.Account.Active), yesNo(b.Account.ActivePlan), b.Paid, b.Account.Currency)
			})
	})
}

// showAccount is the command sandbox accounts show.
type showAccount struct{ accountFlags }

func (s *showAccount) Run(env *environment) error {
	return s.open(env, func(service *billing.Service) error {
		balance, err := service.Balance(env.ctx, s.ID)
		if err != nil {
			return describe(err, s.ID)
		}
		keys, err := service.Keys(env.ctx, s.ID)
		if err != nil {
			return describe(err, s.ID)
		}
		view, account := viewAccount(balance), balance.Account
		text := table("account\t"+account.ID, "name\t"+account.Name, "active\t"+yesNo(account.Active),
			"plan\t"+yesNo(account.ActivePlan), fmt.Sprintf("paid\t%d %s", balance.Paid, account.Currency))
		if len(keys) > 0 {
			rows := []string{keyHeader}
			for _, key := range keys {
				view.Keys, rows = append(view.Keys, viewKey(key)), append(rows, keyRow(key))
			}
			text += "\n" + table(rows...)
		}
		return s.print(env, view, text)
	})
}

// activateAccount is the commands sandbox accounts enable and sandbox accounts disable.
type activateAccount struct{ accountFlags }

func (a *activateAccount) Run(env *environment, command *kong.Context) error {
	active := command.Selected().Name == "enable"
	return a.change(env, func(service *billing.Service) (billing.Account, error) {
		return service.SetActive(env.ctx, a.ID, active)
	})
}

// planAccount is the command sandbox accounts plan.
type planAccount struct {
	accountFlags
	Plan string `arg:"" help:"on or off." enum:"on,off"`
}

func (p *planAccount) Run(env *environment) error {
	return p.change(env, func(service *billing.Service) (billing.Account, error) {
		return service.SetActivePlan(env.ctx, p.ID, p.Plan == "on")
	})
}

// accountFlags are the flags of the commands that are about one account.
type accountFlags struct {
	databaseFlags
	ID string `arg:"" help:"ID of the account."`
}

// change changes the account and prints its new state.
func (a *accountFlags) change(env *environment, change func(*billing.Service) (billing.Account, error)) error {
	return a.open(env, func(service *billing.Service) error {
		if _, err := change(service); err != nil {
			return describe(err, a.ID)
		}
		balance, err := service.Balance(env.ctx, a.ID)
		if err != nil {
			return describe(err, a.ID)
		}
		active, plan := "is active", "has a plan"
		if !balance.Account.Active {
			active = "is inactive"
		}
		if !balance.Account.ActivePlan {
			plan = "has no plan"
		}
		return a.print(env, viewAccount(balance), fmt.Sprintf("The account %s %s and %s.\n", a.ID, active, plan))
	})
}

// accountView is the JSON output for an account.
type accountView struct {
	ID         string    `json:"id"`
	Name       string    `json:"name"`
	Currency   string    `json:"currency"`
	Active     bool      `json:"active"`
	ActivePlan bool      `json:"active_plan"`
	Paid       int64     `json:"paid"`
	Keys       []keyView `json:"keys,omitempty"`
}

func viewAccount(b billing.Balance) accountView {
	a := b.Account
	return accountView{ID: a.ID, Name: a.Name, Currency: a.Currency, Active: a.Active, ActivePlan: a.ActivePlan, Paid: b.Paid}
}
