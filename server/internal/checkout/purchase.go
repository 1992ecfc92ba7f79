package checkout

import (
	"strconv"
	"time"

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
	switch status {
	case billing.StatusPending:
		return "Waiting for payment"
	case billing.StatusPaid:
		return "Paid"
	case billing.StatusCancelled:
		return "Cancelled"
	case billing.StatusExpired:
		return "Expired"
	}
	return string(status)
}

// displayTime formats a time for the reader.
func displayTime(t time.Time) string { return t.UTC().Format("2 Jan 2006, 15:04 UTC") }

// machineTime formats a time for the datetime attribute.
func machineTime(t time.Time) string { return t.UTC().Format(time.RFC3339) }

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
