package main

import (
	"fmt"
	"time"

	"github.com/turbosmtp-go/billing/server/internal/billing"
)

// purchases are the commands sandbox purchases ….
type purchases struct {
	List listPurchases `cmd:"" help:"List what was bought, oldest first."`
}

// listPurchases is the command sandbox purchases list.
type listPurchases struct{ administration }

// Run prints the purchases.
func (l *listPurchases) Run(env *environment) error {
	return l.with(env, func(service *billing.Service) error {
		return printAll(env.stdout, l.Output, service.Purchases(env.ctx, billing.Filter{}), viewPurchase,
			"ORDERED\tACCOUNT\tAMOUNT\tSTATUS\tTOKEN", func(p billing.Purchase) string {
				return fmt.Sprintf("%s\t%s\t%d %s\t%s\t%s", p.CreatedAt.Format(time.DateTime), p.AccountID, p.Amount, p.Currency, p.Status, p.Token)
			})
	})
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

func viewPurchase(p billing.Purchase) purchase {
	return purchase{p.Token, p.AccountID, p.Amount, p.Currency, string(p.Status), p.CreatedAt}
}
