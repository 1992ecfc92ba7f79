package postgres

import (
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/turbosmtp-go/billing/server/internal/billing"
	"github.com/turbosmtp-go/billing/server/internal/store/schema"
)

// Why Open refuses a database, for errors.Is.
var (
	// ErrNewerDatabase says that a later version of this program has been at the database.
	ErrNewerDatabase = schema.ErrNewerDatabase
	// ErrForeignDatabase says that the database has tables of another program with the names of ours.
	ErrForeignDatabase = schema.ErrForeignDatabase
)

// What PostgreSQL answers, as far as it matters here.
const (
	uniqueViolation      = "23505"
	foreignKeyViolation  = "23503"
	serializationFailure = "40001"
	deadlockDetected     = "40P01"
	undefinedColumn      = "42703"
	adminShutdown        = "57P01"
	crashShutdown        = "57P02"
)

// unavailable says of an error that nothing was kept, for a reason that passes.
func unavailable(err error) error {
	if errors.Is(err, billing.ErrUnavailable) {
		return err
	}
	return fmt.Errorf("%w: %w", billing.ErrUnavailable, err)
}

// judge says of the error of a single statement that it is unavailable when that is sure. A connection
// that broke after the statement was sent leaves it open, and so does a server that ends the connection.
func judge(err error) error {
	if err != nil && passes(err) {
		return unavailable(err)
	}
	return err
}

// passes reports whether the server was not asked, or has changed nothing for a reason that passes.
func passes(err error) bool {
	if pgconn.SafeToRetry(err) {
		return true
	}
	var failed *pgconn.PgError
	if !errors.As(err, &failed) || severity(failed) != "ERROR" {
		return false
	}
	switch failed.Code {
	case serializationFailure, deadlockDetected,
		"25006", // the server only reads, as one does that was the first and is the second now
		"55P03", // a lock was not to be had in time
		"57014", // cancelled by an administrator or by a limit of the server's
		"57P03": // the server is starting
		return true
	}
	return class(err) == "53" // the disk is full, or memory, or connections are short
}

// again reports whether to do something again at once: nothing was kept, because the connection was
// broken or another transaction was in the way.
func again(err error) bool {
	if !errors.Is(err, billing.ErrUnavailable) {
		return false
	}
	switch code(err) {
	case "", serializationFailure, deadlockDetected, adminShutdown, crashShutdown:
		return true
	}
	return false
}

// itsOwn reports whether a statement failed by what it was to store: a constraint, or a text that is none.
func itsOwn(err error) bool {
	class := class(err)
	return class == "22" || class == "23"
}

// severity is that of a server's error, in English whatever the server speaks.
func severity(failed *pgconn.PgError) string {
	if failed.SeverityUnlocalized != "" {
		return failed.SeverityUnlocalized
	}
	return failed.Severity // of a server before 9.6
}

// code returns the SQLSTATE of the server's answer, "" when the error is not one.
func code(err error) string {
	var failed *pgconn.PgError
	if !errors.As(err, &failed) {
		return ""
	}
	return failed.Code
}

// class returns the first two letters of the SQLSTATE.
func class(err error) string { return code(err)[:min(2, len(code(err)))] }

// notFound turns an empty result into billing's word for it.
func notFound(err error) error {
	if errors.Is(err, pgx.ErrNoRows) {
		return billing.ErrNotFound
	}
	return err
}

// orTaken turns a key that is there twice into billing's word for it.
func orTaken(err, taken error) error {
	if code(err) == uniqueViolation {
		return taken
	}
	return err
}

// orUnknown turns a row that belongs to nobody into billing's word for it.
func orUnknown(err error) error {
	if code(err) == foreignKeyViolation {
		return billing.ErrUnknownAccount
	}
	return err
}
