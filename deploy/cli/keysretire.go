package cli

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/clickedge/clickedge/core/clean"
	"github.com/clickedge/clickedge/core/signed"
	"github.com/clickedge/clickedge/deploy/clicklog"
	"github.com/clickedge/clickedge/deploy/expiry"
	"github.com/clickedge/clickedge/deploy/failure"
	"github.com/clickedge/clickedge/deploy/input"
	"github.com/clickedge/clickedge/deploy/keyring"
)

// retireFlags are the flags by which it is judged when a key may go.
type retireFlags struct {
	minted   []string
	lifetime string
	maxAge   string
	now      string
}

func (k *retireFlags) add(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringArrayVar(&k.minted, "minted-until", nil, "when a key minted its last link, `KID=TIME`; may be given again")
	f.StringVar(&k.lifetime, "lifetime", "", "for how long links were signed at most, as sign's --expires: 30d")
	f.StringVar(&k.maxAge, "max-age", "180d", "for how long after its last click a link without expiry is waited for")
	f.StringVar(&k.now, "now", "", "`time` to judge by instead of the present, 2030-01-31T12:00:00Z")
}

// retirement reads the flags, and the click log.
func (k *retireFlags) retirement(env *Env, logs []string) (*keyring.Retirement, error) {
	now, err := input.Time(k.now, env.Now)
	if err != nil {
		return nil, err
	}
	j := &keyring.Retirement{Log: new(clicklog.Keys), Now: now, Minted: map[string]time.Time{}, Lifetime: k.lifetime, MaxAge: k.maxAge}
	for _, s := range k.minted {
		kid, text, _ := strings.Cut(s, "=")
		at, err := time.Parse(time.RFC3339, text)
		if err != nil || !signed.IsKeyID(kid) {
			return nil, failure.Usage(fmt.Errorf("--minted-until %q is not KID=TIME", clean.Cut(s, 60)), "write it like k1=2030-01-31T12:00:00Z")
		}
		if _, twice := j.Minted[kid]; twice {
			return nil, failure.Usage(fmt.Errorf("--minted-until is given twice for the key %q", kid), "give the later time")
		}
		j.Minted[kid] = at
	}
	for flag, value := range map[string]string{"--lifetime": k.lifetime, "--max-age": k.maxAge} {
		if _, ok := expiry.Length(value); !ok && (value != "" || flag == "--max-age") {
			return nil, failure.Usage(fmt.Errorf("%s %q is no length of time", flag, clean.Cut(value, 60)), "write 30d, 12h, 90m or 2w")
		}
	}
	if k.lifetime != "" && len(k.minted) == 0 {
		return nil, failure.Usage(errors.New("--lifetime says nothing without --minted-until"), "say when the last link was signed, as in --minted-until k1=2030-01-31T12:00:00Z")
	}
	if err := env.readKeys(logs, j.Log); err != nil {
		return nil, err
	}
	if ends := j.Log.Ends; !ends.IsZero() && now.Sub(ends) > logDelay {
		fmt.Fprintf(env.Err, "note: the log ends on %s: clicks after that are not known, and a key that they used may seem unused\n", ends.UTC().Format("2006-01-02 15:04 UTC"))
	}
	return j, nil
}

// logDelay is how long a log may be under way.
const logDelay = 48 * time.Hour

// readKeys reads the click log for the use of keys, and says what of it could
// not be read: a key that seems unused may be in there.
func (env *Env) readKeys(logs []string, log *clicklog.Keys) error {
	if err := env.readLog(logs, false, &log.Reader, log.Line); err != nil {
		return err
	}
	env.notes(log.Notes())
	return nil
}
