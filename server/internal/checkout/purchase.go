package checkout

import (
	"cmp"
	"strconv"

	"github.com/turbosmtp-go/billing/server/internal/billing"
)

// purchaseView contains the data of the payment page.
type purchaseView struct {
	billing.Purchase

	Account   string
	Notice    string // explains why the request changed nothing
	FormToken string // empty if the purchase is not pending
}

// statusLabel returns the text for a status.
func statusLabel(status billing.Status) string {
	return cmp.Or(map[billing.Status]string{
		billing.StatusPending:   "Waiting for payment",
		billing.StatusPaid:      "Paid",
		billing.StatusCancelled: "Cancelled",
		billing.StatusExpired:   "Expired",
	}[status], string(status))
}

// grouped formats a number with a comma between thousands, such as 1,320.
func grouped(n int64) string {
	digits, sign := strconv.FormatInt(n, 10), ""
	if n < 0 {
		digits, sign = digits[1:], "-"
	}
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return sign + digits
}
