package billing

import (
	"crypto/sha256"
	"crypto/subtle"
	"sync/atomic"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
)

// cacheSize is how many credentials are remembered at most. Only those that were accepted are, so that
// nobody fills the cache with wrong ones.
const cacheSize = 10_000

// cache remembers credentials that were accepted, and whose they are. In the first half of their time
// they are just taken. In the second, one request asks the store again while the others go on with what
// is known; so the store of a busy account is asked once in a while and nobody waits for it.
//
// Its time is the machine's own and not a Service's clock, which can be set.
type cache struct {
	fresh   time.Duration
	entries *lru.Cache[string, *cached]
}

type cached struct {
	hash    [sha256.Size]byte
	account Account
	asked   time.Time // before the store was, so that it can only be older than what is known
	renewed atomic.Bool
}

// newCache returns a cache that remembers nothing when fresh is 0.
func newCache(fresh time.Duration) *cache {
	entries, _ := lru.New[string, *cached](cacheSize) // fails for no size alone
	return &cache{fresh: fresh, entries: entries}
}

func (c *cache) find(credentials Credentials) (Account, bool) {
	entry, ok := c.entries.Get(credentials.id)
	if !ok || subtle.ConstantTimeCompare(entry.hash[:], credentials.hash[:]) != 1 {
		return Account{}, false
	}
	switch age := time.Since(entry.asked); {
	case age < c.fresh/2:
		return entry.account, true
	case age < c.fresh:
		return entry.account, !entry.renewed.CompareAndSwap(false, true)
	}
	return Account{}, false
}

func (c *cache) keep(credentials Credentials, account Account, asked time.Time) {
	if c.fresh > 0 {
		c.entries.Add(credentials.id, &cached{hash: credentials.hash, account: account, asked: asked})
	}
}

// forget is for credentials that are not accepted any more. Others with the same key stay.
func (c *cache) forget(credentials Credentials) {
	if entry, ok := c.entries.Peek(credentials.id); ok && entry.hash == credentials.hash {
		c.entries.Remove(credentials.id)
	}
}

func (c *cache) clear() { c.entries.Purge() }
