package publish

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/clickedge/clickedge/deploy/fastlyapi"
)

// pollTime is between two looks at the certificates.
const pollTime = 15 * time.Second

// Status is where a host's certificate stands, and what DNS must have for it.
type Status struct {
	Host        string
	Certificate Certificate // its ID is "" where none is ordered
}

// Certificates returns where the certificates of these hosts stand, and where
// their CNAMEs lead, which is "" where the API does not say.
func Certificates(ctx context.Context, c *fastlyapi.Client, hosts []string) ([]Status, error) {
	all, err := certificates(ctx, c.Fastly())
	if err != nil {
		return nil, err
	}
	f := &Found{certificates: all}
	var list []Status
	for _, host := range hosts {
		one, _ := f.certificate(host)
		list = append(list, Status{host, one})
	}
	return list, nil
}

// Target is where CNAMEs lead; "" where the API does not say.
func (f *Found) Target() string {
	if len(f.targets) == 0 {
		return ""
	}
	return f.targets[0]
}

// WaitTLS waits until each host has its certificate, the authority has refused
// one, or most is over. It tells say whenever something has changed.
func WaitTLS(ctx context.Context, c *fastlyapi.Client, hosts []string, most time.Duration, say func(string)) ([]Status, error) {
	last := "nothing said yet"
	for waited := time.Duration(0); ; waited += pollTime {
		list, err := Certificates(ctx, c, hosts)
		if err != nil {
			return nil, err
		}
		open, failed := pending(list)
		if now := strings.Join(open, ", "); now != last {
			say(progress(len(list)-len(open)-len(failed), len(list), open))
			last = now
		}
		switch {
		case len(failed) > 0:
			return list, refuse("no certificate could be issued for "+strings.Join(failed, ", "), "is the record of the proof set, and does no CAA record forbid the authority?")
		case len(open) == 0:
			return list, nil
		case waited+pollTime > most:
			return list, refuse(fmt.Sprintf("after %s there is no certificate yet for %s", most, strings.Join(open, ", ")), "the records of the proof must be set; the same command again waits on")
		}
		if err := c.Pause(ctx, pollTime); err != nil {
			return nil, err
		}
	}
}

func pending(list []Status) (open, failed []string) {
	for _, s := range list {
		switch {
		case s.Certificate.Issued():
		case s.Certificate.State == "failed":
			failed = append(failed, s.Host)
		default:
			open = append(open, s.Host)
		}
	}
	return open, failed
}

func progress(have, all int, open []string) string {
	text := fmt.Sprintf("certificates: %d of %d issued", have, all)
	if len(open) > 0 {
		text += "; waiting for " + strings.Join(open, ", ")
	}
	return text
}
