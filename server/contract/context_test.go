package contract

import (
	"context"
	"math"
	"strconv"
	"testing"
	"testing/synctest"
	"time"
)

// TestTimeLimit has a limit that counts from the beginning, whether or not somebody waits for its end.
func TestTimeLimit(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		for _, waits := range []bool{false, true} {
			ctx := newRequestContext(t.Context(), time.Second)
			if waits {
				ctx.Done()
			}
			time.Sleep(time.Second - time.Nanosecond)
			if err := ctx.Err(); err != nil {
				t.Errorf("before the limit: %v", err)
			}
			if at, ok := ctx.Deadline(); !ok || time.Until(at) != time.Nanosecond {
				t.Errorf("the limit ends at %v", at)
			}
			time.Sleep(time.Nanosecond)
			synctest.Wait()
			if err := ctx.Err(); err != context.DeadlineExceeded { //nolint:errorlint // it is that one itself
				t.Errorf("at the limit: %v", err)
			}
			<-ctx.Done()
			ctx.release()
			if err := ctx.Err(); err != context.DeadlineExceeded { //nolint:errorlint // as above
				t.Errorf("after the request: %v", err)
			}
		}
		endless := newRequestContext(t.Context(), math.MaxInt64)
		if err := endless.Err(); err != nil {
			t.Errorf("without a limit: %v", err)
		}
		endless.release()
		<-endless.Done()
	})
}

// TestReleasedObjects gives what a body was decoded into to the next one, unless it has become large.
func TestReleasedObjects(t *testing.T) {
	t.Parallel()
	for _, members := range []int{0, 1, maxPooledMembers, maxPooledMembers + 1} {
		object := map[string]any{}
		for i := range members {
			object[strconv.Itoa(i)] = i
		}
		c := content{value: object, object: object}
		c.release()
		if kept := len(object) == 0; kept != (members <= maxPooledMembers) || c.value != nil || c.object != nil {
			t.Errorf("of %d members %d are left in %v", members, len(object), c)
		}
	}
}
