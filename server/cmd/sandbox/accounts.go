package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/turbosmtp-go/billing/server/internal/billing"
)

// accounts are the commands sandbox accounts ….
type accounts struct {
	Add     addAccount     `cmd:"" help:"Add an account, and make keys for it. Their secrets are shown this once."`
	List    listAccounts   `cmd:"" help:"List all accounts."`
	Show    showAccount    `cmd:"" help:"Show an account and its keys."`
	Disable disableAccount `cmd:"" help:"Let an account in no more, within a second, wherever it is served."`
	Enable  enableAccount  `cmd:"" help:"Let an account in again."`
	Plan    planAccount    `cmd:"" help:"Say whether an account has a plan, which buying takes."`
}

// addAccount is the command sandbox accounts add.
type addAccount struct {
	administration
	ID       string `arg:"" help:"What the account is called for good, such as acme."`
	Name     string `help:"What people call it; the ID, unless it is given." placeholder:"NAME"`
	Currency string `help:"ISO 4217 code of what it pays in." placeholder:"CODE" default:"USD"`
	Inactive bool   `help:"Do not let it in yet."`
	NoPlan   bool   `help:"Without a plan: it is let in and cannot buy."`
	NoKeys   bool   `help:"Make no keys; sandbox keys add does later."`
}

// Run adds the account.
func (a *addAccount) Run(env *environment) error {
	account := billing.Account{ID: a.ID, Name: a.Name, Currency: strings.ToUpper(a.Currency), Active: !a.Inactive, ActivePlan: !a.NoPlan}
	if account.Name == "" {
		account.Name = account.ID
	}
	kinds := []billing.KeyKind{billing.KindConsumerKey, billing.KindAPIKey}
	if a.NoKeys {
		kinds = nil
	}
	return a.with(env, func(service *billing.Service) error {
		issued, err := service.AddAccount(env.ctx, account, kinds...)
		if err != nil {
			return named(err, a.ID)
		}
		if a.Output == outputJSON {
			view := viewAccount(billing.Balance{Account: account})
			for _, key := range issued {
				view.Keys = append(view.Keys, viewIssued(key))
			}
			return printJSON(env.stdout, view)
		}
		if _, err := fmt.Fprintf(env.stdout, "The account %s was added.\n", account.ID); err != nil {
			return err
		}
		return printIssued(env.stdout, issued...)
	})
}

// listAccounts is the command sandbox accounts list.
type listAccounts struct{ administration }

// Run lists the accounts.
func (l *listAccounts) Run(env *environment) error {
	return l.with(env, func(service *billing.Service) error {
		return printAll(env.stdout, l.Output, service.Balances(env.ctx), viewAccount,
			"ACCOUNT\tNAME\tLET IN\tPLAN\tPAID", func(b billing.Balance) string {
				return fmt.Sprintf("%s\t%s\t%s\t%s\t%d %s", b.Account.ID, b.Account.Name, yesNo(b.Account.Active), yesNo(b.Account.ActivePlan), b.Paid, b.Account.Currency)
			})
	})
}

// showAccount is the command sandbox accounts show.
type showAccount struct{ oneAccount }

// Run shows the account.
func (s *showAccount) Run(env *environment) error {
	return s.with(env, func(service *billing.Service) error {
		balance, err := service.Balance(env.ctx, s.ID)
		if err != nil {
			return named(err, s.ID)
		}
		keys, err := service.Keys(env.ctx, s.ID)
		if err != nil {
			return named(err, s.ID)
		}
		if s.Output == outputJSON {
			view := viewAccount(balance)
			for _, key := range keys {
				view.Keys = append(view.Keys, viewKey(key))
			}
			return printJSON(env.stdout, view)
		}
		account := balance.Account
		err = printRows(env.stdout, "",
			"account\t"+account.ID, "name\t"+account.Name, "let in\t"+yesNo(account.Active), "plan\t"+yesNo(account.ActivePlan),
			fmt.Sprintf("paid\t%d %s", balance.Paid, account.Currency))
		if err != nil || len(keys) == 0 {
			return err
		}
		if _, err := fmt.Fprintln(env.stdout); err != nil {
			return err
		}
		return printKeys(env.stdout, keys)
	})
}

// disableAccount is the command sandbox accounts disable.
type disableAccount struct{ oneAccount }

// Run disables the account.
func (d *disableAccount) Run(env *environment) error { return d.setActive(env, false) }

// enableAccount is the command sandbox accounts enable.
type enableAccount struct{ oneAccount }

// Run enables the account.
func (e *enableAccount) Run(env *environment) error { return e.setActive(env, true) }

// planAccount is the command sandbox accounts plan.
type planAccount struct {
	oneAccount
	Plan string `arg:"" help:"on or off." enum:"on,off"`
}

// Run gives the account a plan, or takes it away.
func (p *planAccount) Run(env *environment) error {
	return p.change(env, func(service *billing.Service) (billing.Account, error) {
		return service.SetActivePlan(env.ctx, p.ID, p.Plan == "on")
	})
}

// oneAccount is what commands have in common that are about an account.
type oneAccount struct {
	administration
	ID string `arg:"" help:"Which account."`
}

func (a *oneAccount) setActive(env *environment, active bool) error {
	return a.change(env, func(service *billing.Service) (billing.Account, error) {
		return service.SetActive(env.ctx, a.ID, active)
	})
}

// change changes the account, and says how it is then.
func (a *oneAccount) change(env *environment, change func(*billing.Service) (billing.Account, error)) error {
	return a.with(env, func(service *billing.Service) error {
		if _, err := change(service); err != nil {
			return named(err, a.ID)
		}
		balance, err := service.Balance(env.ctx, a.ID)
		if err != nil {
			return named(err, a.ID)
		}
		if a.Output == outputJSON {
			return printJSON(env.stdout, viewAccount(balance))
		}
		account := balance.Account
		letIn, plan := "is let in", "has a plan"
		if !account.Active {
			letIn = "is not let in"
		}
		if !account.ActivePlan {
			plan = "has no plan"
		}
		_, err = fmt.Fprintf(env.stdout, "The account %s %s and %s.\n", account.ID, letIn, plan)
		return err
	})
}

// accountView is how an account is printed for programs.
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

func yesNo(yes bool) string {
	if yes {
		return "yes"
	}
	return "no"
}

// day is how a time is printed for people; a dash for one that is not known.
func day(at time.Time) string {
	if at.IsZero() {
		return "–"
	}
	return at.Format(time.DateTime)
}
