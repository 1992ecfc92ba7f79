package billing

import (
	"crypto/sha256"
	"crypto/subtle"
	"sync/atomic"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
)

// cacheSize is the maximum number of cached credentials. Only accepted credentials are cached, so that wrong ones
// cannot fill the cache.
const cacheSize = 10_000

// cache contains accepted credentials and their accounts. In the first half of its lifetime an entry is used as it is.
// In the second half the first request reads the store again while others use the entry, so that the requests of a busy
// account seldom wait for the store.
//
// It uses the clock of the machine, because the clock of a Service may be set.
type cache struct {
	lifetime time.Duration
	entries  *lru.Cache[string, *cacheEntry]
}

type cacheEntry struct {
	hash       [sha256.Size]byte
	account    Account
	readAt     time.Time // just before the store was read
	refreshing atomic.Bool
}

// newCache returns a cache that stays empty if lifetime is 0.
func newCache(lifetime time.Duration) *cache {
	entries, _ := lru.New[string, *cacheEntry](cacheSize) // fails only if the size is not positive
	return &cache{lifetime: lifetime, entries: entries}
}

// find returns the account of cached credentials. It returns false if the caller has to read the store.
func (c *cache) find(credentials Credentials) (Account, bool) {
	entry, ok := c.entries.Get(credentials.id)
	if !ok || subtle.ConstantTimeCompare(entry.hash[:], credentials.hash[:]) != 1 {
		return Account{}, false
	}
	switch age := time.Since(entry.readAt); {
	case age < c.lifetime/2:
		return entry.account, true
	case age < c.lifetime:
		return entry.account, !entry.refreshing.CompareAndSwap(false, true)
	}
	return Account{}, false
}

func (c *cache) add(credentials Credentials, account Account, readAt time.Time) {
	if c.lifetime > 0 {
		c.entries.Add(credentials.id, &cacheEntry{hash: credentials.hash, account: account, readAt: readAt})
	}
}

// remove removes refused credentials. It keeps an entry of the same key with another secret.
func (c *cache) remove(credentials Credentials) {
	if entry, ok := c.entries.Peek(credentials.id); ok && entry.hash == credentials.hash {
		c.entries.Remove(credentials.id)
	}
}

func (c *cache) clear() { c.entries.Purge() }
