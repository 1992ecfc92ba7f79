package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/turbosmtp-go/billing/server/internal/billing"
)

// SQLSTATE codes (PostgreSQL documentation, appendix A).
const (
	readOnlyTransaction  = "25006" // also of a former primary that is now a standby
	foreignKeyViolation  = "23503"
	uniqueViolation      = "23505"
	serializationFailure = "40001"
	deadlockDetected     = "40P01"
	undefinedColumn      = "42703"
	lockNotAvailable     = "55P03"
	queryCanceled        = "57014" // by an administrator or by a time limit of the server
	adminShutdown        = "57P01"
	crashShutdown        = "57P02"
	cannotConnectNow     = "57P03"
)

// SQLSTATE classes.
const (
	connectionException   = "08"
	dataException         = "22"
	integrityViolation    = "23"
	insufficientResources = "53" // the disk is full, or memory or connections are exhausted
	operatorIntervention  = "57"
)

// wrap adds the failed action to an error. An empty result is billing.ErrNotFound. wrap adds the reason if the store is closed or the context has ended: a
// connection that a context has interrupted only reports that it is broken.
func (s *Store) wrap(ctx context.Context, action string, err error) error {
	if errors.Is(err, pgx.ErrNoRows) {
		err = billing.ErrNotFound
	}
	switch {
	case err == nil:
		return nil
	case s.closed.Load():
		return fmt.Errorf("postgres: %s: %w", action, billing.ErrStoreClosed)
	case ctx.Err() != nil:
		return fmt.Errorf("postgres: %s: %w: %w", action, ctx.Err(), err)
	}
	return fmt.Errorf("postgres: %s: %w", action, err)
}

// unavailable marks an error of a call that stored nothing and may succeed later.
func unavailable(err error) error {
	if errors.Is(err, billing.ErrUnavailable) {
		return err
	}
	return fmt.Errorf("%w: %w", billing.ErrUnavailable, err)
}

// writeError marks the error of one writing statement as unavailable if the statement certainly stored nothing. If
// the connection breaks or the server ends it after the statement was sent, the result is unknown.
func writeError(err error) error {
	if err != nil && isTransient(err) {
		return unavailable(err)
	}
	return err
}

// readError marks the error of a call that stored nothing as unavailable if the call may succeed later.
func readError(conn *pgx.Conn, err error) error {
	if err != nil && conn.IsClosed() {
		return unavailable(err)
	}
	return writeError(err)
}

// isTransient reports whether a statement was not sent, or changed nothing for a reason that may pass.
func isTransient(err error) bool {
	if pgconn.SafeToRetry(err) {
		return true
	}
	var failed *pgconn.PgError
	if !errors.As(err, &failed) || severity(failed) != "ERROR" {
		return false
	}
	switch failed.Code {
	case serializationFailure, deadlockDetected, readOnlyTransaction, lockNotAvailable, queryCanceled, cannotConnectNow:
		return true
	}
	return class(err) == insufficientResources
}

// isRetryable reports whether to repeat a call at once: nothing was stored because the connection was broken or
// another transaction interfered.
func isRetryable(err error) bool {
	if !errors.Is(err, billing.ErrUnavailable) {
		return false
	}
	switch code(err) {
	case "", serializationFailure, deadlockDetected, adminShutdown, crashShutdown:
		return true
	}
	return false
}

// isConstraintError reports whether a statement failed because of its own values, which does not concern others.
func isConstraintError(err error) bool {
	class := class(err)
	return class == dataException || class == integrityViolation
}

// isRefusal reports whether a server refused a connection for a reason that does not pass, such as a wrong password.
func isRefusal(err error) bool {
	switch class(err) {
	case "", connectionException, insufficientResources, operatorIntervention:
		return false
	}
	return true
}

// constraintError returns billing's error for a violated constraint: taken for a unique key, ErrUnknownAccount for a
// foreign key. It returns other errors as they are.
func constraintError(err, taken error) error {
	switch code(err) {
	case uniqueViolation:
		return taken
	case foreignKeyViolation:
		return billing.ErrUnknownAccount
	}
	return err
}

// severity returns the severity of a server's error in English, whatever the language of the server.
func severity(failed *pgconn.PgError) string {
	if failed.SeverityUnlocalized != "" {
		return failed.SeverityUnlocalized
	}
	return failed.Severity // of a server before version 9.6
}

// code returns the SQLSTATE of a server's error, "" for other errors.
func code(err error) string {
	var failed *pgconn.PgError
	if !errors.As(err, &failed) {
		return ""
	}
	return failed.Code
}

// class returns the class of the SQLSTATE, its first two characters.
func class(err error) string { return code(err)[:min(2, len(code(err)))] }
