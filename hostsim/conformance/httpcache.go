package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// httpCacheCases are the cases of the SDK's program for the HTTP cache. The last
// one must fail: it shows that a failure is reported.
var httpCacheCases = []string{"testSendStatus", "testBeforeSendError", "testBeforeSendPass", "testAfterSendPass", "testBeforeSendAddHeader",
	"testAfterSendError", "testAfterSendCandidateResponsePropertiesUncached", "testAfterSendCandidateResponsePropertiesCached",
	"testAfterSendNoCache", "testAfterSendCached", "testAfterSendExpire", "testAfterSendHeaderRemove", "testAfterSendBodyTransform",
	"testAfterSendBodyTransformFailedCacheable", "testAfterSendBodyTransformFailedUncacheable", "testAfterSendMutations",
	"testRequestCollapse", "testRequestCollapseThree", "testRequestCollapseUncacheable", "testRequestCollapseVary", mustFail}

const mustFail = "testError"

// selfTest serves a program that tests itself and asks for each of its cases.
// Its origin is the stand-in, which says that its answers are fresh for an hour
// and echoes the request.
func (b *bench) selfTest(ctx context.Context, s suite) ([]byte, error) {
	config, err := b.backends(s, []string{"httpme"}, b.origin)
	if err != nil {
		return nil, err
	}
	stop, url, err := b.serve(ctx, s, "fsthttp_guest_cache", "--http-cache", "-C", config)
	if err != nil {
		return nil, err
	}
	defer stop()
	var out strings.Builder
	var failed []error
	for _, name := range s.cached {
		text, err := get(ctx, url+"/"+name)
		if err == nil && strings.Contains(text, ": PASS\n") == (name == mustFail) {
			err = fmt.Errorf("%s: %s", name, text)
		}
		failed = append(failed, err)
		out.WriteString(text)
	}
	return []byte(out.String()), errors.Join(failed...)
}

func get(ctx context.Context, url string) (string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return "", err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	return string(text), err
}
