package signed

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/core/base64url"
	"github.com/clickedge/clickedge/core/outcome"
)

// linkFences returns what stands in the fenced code blocks of one language.
func linkFences(markdown, language string) []string {
	var blocks []string
	for _, part := range strings.Split("\n"+markdown, "\n```"+language+"\n")[1:] {
		if code, _, ok := strings.Cut(part, "\n```\n"); ok {
			blocks = append(blocks, code+"\n")
		}
	}
	return blocks
}

func readLinkSpec(t *testing.T) string {
	t.Helper()
	spec, err := os.ReadFile("../spec/links.md")
	require.NoError(t, err)
	return string(spec)
}

// A program of the specification, and what runs it on this machine.
var linkSnippets = []struct {
	language, interpreter, file string
	args                        []string // before the file
}{
	{"go", "go", "mint.go", []string{"run"}},
	{"python", "python3", "mint.py", []string{"-I"}},
	{"javascript", "node", "mint.cjs", nil},
	{"php", "php", "mint.php", []string{"-n"}},
	{"ruby", "ruby", "mint.rb", nil},
}

// Each program, as it stands in the text, mints every link that verifies.
func TestSpecPrograms(t *testing.T) {
	spec := readLinkSpec(t)
	input, want := snippetLinks(t)
	for _, s := range linkSnippets {
		t.Run(s.language, func(t *testing.T) {
			blocks := linkFences(spec, s.language)
			require.Len(t, blocks, 1)
			interpreter, err := exec.LookPath(s.interpreter)
			if err != nil {
				t.Skipf("%s is not on this machine: its program was not run", s.interpreter)
			}
			file := filepath.Join(t.TempDir(), s.file)
			require.NoError(t, os.WriteFile(file, []byte(blocks[0]), 0o600))
			require.Equal(t, want, runSnippet(t, interpreter, append(s.args[:len(s.args):len(s.args)], file), input))
		})
	}
}

func runSnippet(t *testing.T, interpreter string, args []string, input []byte) []string {
	t.Helper()
	cmd := exec.Command(interpreter, args...)
	cmd.Dir = filepath.Dir(args[len(args)-1])
	cmd.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS=", "GOTOOLCHAIN=local", "GOOS=", "GOARCH=")
	cmd.Stdin = bytes.NewReader(input)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	require.NoError(t, err, stderr.String())
	return strings.Fields(string(out))
}

// snippetLinks gives the programs' input for all vectors that verify, and the
// links that they must print.
func snippetLinks(t *testing.T) (input []byte, want []string) {
	t.Helper()
	for _, v := range loadLinkVectors(t) {
		if v.Expect != outcome.OK {
			continue
		}
		line := map[string]any{"host": v.Host, "key_id": v.Link.KeyID, "secret": string(v.secret())}
		if v.Link.Expiry != 0 {
			line["expiry"] = v.Link.Expiry
		}
		if v.Link.ID != "" {
			line["id"] = v.Link.ID
		}
		if v.Link.Pixel {
			line["pixel"] = true
		} else {
			line["destination"] = v.Link.Destination
		}
		b, err := json.Marshal(line)
		require.NoError(t, err)
		input = append(append(input, b...), '\n')
		want = append(want, "https://"+v.Host+v.Path)
	}
	require.Greater(t, len(want), 40)
	return input, want
}

// The example of the specification is right in every value.
func TestSpecExample(t *testing.T) {
	spec := readLinkSpec(t)
	v := linkVectorsByName(t)["full"]
	pixel := linkVectorsByName(t)["pixel-expiry"]
	url := "https://" + v.Host + v.Path
	require.Contains(t, spec, "\n"+url+"\n", "layout")
	require.Contains(t, spec, "\nhttps://"+pixel.Host+pixel.Path+"\n", "layout of a pixel")

	rows := specRows(spec, "### Example")
	raw, ok := base64url.Decode(nil, v.Link.ID)
	require.True(t, ok)
	signed := url[:len(url)-1-tagText]
	mac := hmac.New(sha256.New, v.secret())
	mac.Write([]byte(signed))
	sum := fmt.Sprintf("%x", mac.Sum(nil))
	for step, value := range map[string]string{
		"secret":             v.Keys["k1"],
		"host":               v.Host,
		"key id":             v.Link.KeyID,
		"in minutes":         strconv.FormatInt(v.Link.Expiry, 10),
		"in base 36":         strconv.FormatInt(v.Link.Expiry, 36),
		"id":                 raw,
		"destination":        v.Link.Destination,
		"signed":             signed,
		"HMAC-SHA256":        sum,
		"its first 16 bytes": sum[:32],
		"tag":                linkTag(v.Keys["k1"], signed),
		"link":               url,
	} {
		require.Equal(t, value, strings.TrimPrefix(rows[step], "the bytes "), step)
	}
	require.Equal(t, "2027-01-01T00:00:00Z, Unix time "+strconv.FormatInt(v.Link.Expiry*60, 10), rows["expires"])

	blocks := linkFences(spec, "json")
	require.Len(t, blocks, 1)
	var f struct {
		Host, Secret string
		linkFields
	}
	require.NoError(t, json.Unmarshal([]byte(blocks[0]), &f))
	require.Equal(t, *v.Link, f.linkFields)
	require.Equal(t, []string{v.Host, v.Keys["k1"]}, []string{f.Host, f.Secret})
}

// specRows reads the two-column table after a heading, without backquotes.
func specRows(spec, heading string) map[string]string {
	_, after, _ := strings.Cut(spec, "\n"+heading+"\n")
	rows := map[string]string{}
	for _, line := range strings.Split(strings.TrimLeft(after, "\n"), "\n") {
		cells := strings.Split(line, "|")
		if len(cells) != 4 {
			break
		}
		rows[strings.TrimSpace(cells[1])] = strings.ReplaceAll(strings.TrimSpace(cells[2]), "`", "")
	}
	return rows
}

// The steps stand in the specification in the order in which Verify takes them,
// each with its code and the status that the reader's answer has.
func TestSpecSteps(t *testing.T) {
	row := regexp.MustCompile("(?m)^\\| .* \\| `([a-z_]+)` \\| (\\d+) \\|$")
	var steps []outcome.Code
	for _, m := range row.FindAllStringSubmatch(readLinkSpec(t), -1) {
		steps = append(steps, outcome.Code(m[1]))
		require.Equal(t, strconv.Itoa(outcome.Code(m[1]).Notice().Status), m[2], m[1])
	}
	require.Equal(t, []outcome.Code{outcome.TooLong, outcome.WrongHost, outcome.Malformed, outcome.BadKeyID, outcome.BadExpiry, outcome.BadID, outcome.BadEncoding, outcome.UnknownKey, outcome.KeyUnavailable, outcome.BadTag, outcome.BadDestination, outcome.Expired}, steps)
}

// The regular expression of the specification takes what Verify takes for a
// link's structure, and nothing else.
func TestSpecRegexp(t *testing.T) {
	form := linkRegexp(t)
	for _, v := range loadLinkVectors(t) {
		_, code := Inspect(v.Host, v.Path)
		require.Equal(t, code == outcome.OK || code == outcome.TooLong, form.MatchString(v.Path), v.Name)
	}
}
