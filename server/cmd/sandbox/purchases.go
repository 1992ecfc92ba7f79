package main

import (
	"fmt"
	"time"

	"github.com/turbosmtp-go/billing/server/internal/billing"
)

// purchases are the commands sandbox purchases ….
type purchases struct {
	List listPurchases `cmd:"" help:"List all purchases, oldest first."`
}

// listPurchases is the command sandbox purchases list.
type listPurchases struct{ databaseFlags }

func (l *listPurchases) Run(env *environment) error {
	return l.open(env, func(service *billing.Service) error {
		return printList(&l.databaseFlags, env, service.Purchases(env.ctx, billing.Filter{}), viewPurchase,
			"CREATED (UTC)\tACCOUNT\tAMOUNT\tSTATUS\tTOKEN", func(p billing.Purchase) string {
				return fmt.Sprintf("%s\t%s\t%d %s\t%s\t%s", dateTime(p.CreatedAt), p.AccountID, p.Amount, p.Currency, p.Status, p.Token)
			})
	})
}

// purchaseView is the JSON output for a purchase.
type purchaseView struct {
	Token     string    `json:"token"`
	Account   string    `json:"account"`
	Amount    int64     `json:"amount"`
	Currency  string    `json:"currency"`
	Status    string    `json:"status"`
	CreatedAt time.Time `json:"created_at"`
}

func viewPurchase(p billing.Purchase) purchaseView {
	return purchaseView{p.Token, p.AccountID, p.Amount, p.Currency, string(p.Status), p.CreatedAt}
}
