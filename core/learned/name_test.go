package learned

import (
	"encoding/base64"
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/core/contract"
	"github.com/clickedge/clickedge/core/esp"
)

// linkSet is a set of links of one account to one destination.
type linkSet struct {
	Account     string   `json:"account"`
	Destination string   `json:"destination"`
	SameName    bool     `json:"same_name"`
	Links       []string `json:"links"`
}

func loadSets(t testing.TB) []linkSet {
	t.Helper()
	data, err := os.ReadFile("testdata/links.json")
	require.NoError(t, err)
	var file struct {
		Sets []linkSet `json:"sets"`
	}
	require.NoError(t, json.Unmarshal(data, &file))
	require.NotEmpty(t, file.Sets)
	return file.Sets
}

const host = "link.example.com"

func read(t testing.TB, target string) Link {
	t.Helper()
	l, ok := Read(host, esp.FamilySendGrid, target)
	require.True(t, ok, target)
	return l
}

// Links of one account to one destination have one name, whichever form they
// have, and no others have it.
func TestName(t *testing.T) {
	names, of := map[string]Name{}, map[Name]string{}
	for i, set := range loadSets(t) {
		about := set.Account + " " + set.Destination
		for k, target := range set.Links {
			if !set.SameName {
				about = string(rune('a'+i)) + string(rune('a'+k))
			}
			l := read(t, target)
			if before, ok := names[about]; ok {
				require.Equal(t, before, l.Name, target)
			}
			if before, ok := of[l.Name]; ok {
				require.Equal(t, before, about, target)
			}
			names[about], of[l.Name] = l.Name, about
			uni := read(t, "/uni"+strings.TrimPrefix(target, "/uni"))
			require.Equal(t, l.Name, uni.Name, "behind /uni it is the same link")
		}
	}
	require.Len(t, of, len(names))
}

// The name depends on host and family, and is what stores have: it must never
// change.
func TestNameIsFixed(t *testing.T) {
	target := loadSets(t)[0].Links[0]
	l := read(t, target)
	require.Equal(t, "2TgkhgIv9dhAM4Yx-2VSFtdA", l.Name.String())
	other, ok := Read("other.example.com", esp.FamilySendGrid, target)
	require.True(t, ok)
	require.NotEqual(t, l.Name, other.Name)
	parsed, ok := ParseName(l.Name.String())
	require.True(t, ok)
	require.Equal(t, l.Name, parsed)
	for _, bad := range []string{"", l.Name.String()[1:], l.Name.String()[1:] + "+", l.Name.String() + "A"} {
		_, ok := ParseName(bad)
		require.False(t, ok, bad)
	}
}

// Only links of SendGrid's have names. Braze over SendGrid has its family.
func TestNamesAreOfSendGridOnly(t *testing.T) {
	target := loadSets(t)[0].Links[0]
	for f := esp.FamilyCustom; f.String() != "unknown"; f++ {
		_, ok := Read(host, f, target)
		require.Equal(t, f == esp.FamilySendGrid, ok, f)
		require.Equal(t, f == esp.FamilySendGrid, Can(f), f)
	}
}

const (
	x32     = "VhWcx1V6M0w_7yXYJ75qu0_AGBANnYODBApMzCcPemg"
	message = "pU3KGCUwux1tEyze1iN7Lg"
	mac     = "2R4_ch_LGXEXRJTWSTydXDRgvjEgHmn-2qDu6LmZf1w"
	x32Long = "VhWcx1V6M0w-2F7yXYJ75qu0-2FAGBANnYODBApMzCcPemg-3D"
	y16     = "AAECAwQFBgcICQoLDA0ODw-3D-3D"
)

// A link with anything irregular has no name.
func TestNoName(t *testing.T) {
	long := strings.Repeat("A", contract.MaxTarget)
	short := "/ss/c/u001." + x32 + "/4bs/" + message + "/h17/h001." + mac
	read(t, short)
	read(t, "/ls/click?upn=u001."+x32Long+"kJiG_"+y16)
	for _, target := range []string{
		"", "/", "/ss/c/", "/ls/click", "/ls/click?upn=", "/ls/click?upn=u001.", "/ss/c/u001.",
		short + "?", short + "?utm_source=x", short + "/", short + "#x", "/uni" + "/uni" + short, "/UNI" + short, "//ss/c" + short[5:],
		short[:len(short)-1], short + "A",
		strings.Replace(short, "/4bs/", "//", 1), strings.Replace(short, "/4bs/", "/4BS/", 1), strings.Replace(short, "/4bs/", "/4bs4bs4/", 1),
		strings.Replace(short, message, message[1:], 1), strings.Replace(short, message, message[1:]+"h", 1), strings.Replace(short, message, message+"A", 1),
		strings.Replace(short, "/h17/", "/17/", 1), strings.Replace(short, "/h17/", "/h/", 1), strings.Replace(short, "/h17/", "/h1a/", 1), strings.Replace(short, "/h17/", "/h123456/", 1),
		strings.Replace(short, "h001.", "h002.", 1), strings.Replace(short, "u001.", "u002.", 1), strings.Replace(short, "u001.", "", 1),
		strings.Replace(short, x32, x32[1:], 1), strings.Replace(short, x32, x32+"A", 1), strings.Replace(short, x32, x32+"=", 1), strings.Replace(short, x32, "", 1),
		strings.Replace(short, x32, x32[:42]+"h", 1), // the last digit has bits of no byte
		strings.Replace(short, x32, x32[:22], 1),     // 16 bytes, but the last digit is not canonical
		strings.Replace(short, "_7yXY", "/7yXY", 1), strings.Replace(short, "_7yXY", "%5F7yXY", 1),
		"/ls/click?upn=u001." + x32Long + "kJiG_", "/ls/click?upn=u001." + x32Long + "kJiG", "/ls/click?upn=u001." + x32Long + "kJi_" + y16,
		"/ls/click?upn=u001." + x32Long + "kJi-_" + y16, "/ls/click?upn=u001.kJiG_" + y16, "/ls/click?upn=u001._" + y16,
		"/ls/click?upn=u001." + x32Long + "kJiG_" + y16 + "&a=b", "/ls/click?a=b&upn=u001." + x32Long + "kJiG_" + y16,
		"/ls/click?upn=u001." + x32Long + "kJiG_" + y16 + "A", "/ls/click?upn=u001." + x32Long + "kJiG_" + y16[1:], "/ls/click?upn=u001." + x32Long + "kJiG_" + y16 + "_" + y16,
		"/ls/click?upn=u001." + strings.TrimSuffix(x32Long, "-3D") + "kJiG_" + y16, "/ls/click?upn=u001." + x32Long + "-3DkJiG_" + y16,
		"/ls/click?upn=u001." + strings.Replace(x32Long, "-3D", "%3D", 1) + "kJiG_" + y16, "/ls/click?upn=u001." + strings.Replace(x32Long, "-3D", "=", 1) + "kJiG_" + y16,
		"/ls/click?upn=u001." + strings.Replace(x32Long, "-2F", "-2f", 1) + "kJiG_" + y16, "/ls/click?upn=u001." + strings.Replace(x32Long, "-2F", "/", 1) + "kJiG_" + y16,
		"/ls/click?upn=u001." + strings.Replace(x32Long, "-2F", "-3D", 1) + "kJiG_" + y16, "/ls/click?upn=u001." + x32Long[:len(x32Long)-1] + "kJiG_" + y16,
		"/wf/click?upn=u001." + x32Long + "kJiG_" + y16, "/ls/clicks?upn=u001." + x32Long + "kJiG_" + y16, "/ls/click?UPN=u001." + x32Long + "kJiG_" + y16,
		"/ss/o/u001." + x32 + "/4bs/" + message + "/h17/h001." + mac, "/ss/c/u001." + long,
	} {
		l, ok := Read(host, esp.FamilySendGrid, target)
		require.False(t, ok, target)
		require.Zero(t, l, target)
	}
}

// Constant parts of all lengths that stand for whole blocks.
func TestNameOfAnyLength(t *testing.T) {
	for n := 1; n <= 2000; n++ {
		x := base64.RawURLEncoding.EncodeToString([]byte(strings.Repeat("\xfb\xff", n)[:n]))
		std := strings.NewReplacer("+", "-2B", "/", "-2F", "=", "-3D").Replace(base64.StdEncoding.EncodeToString([]byte(strings.Repeat("\xfb\xff", n)[:n])))
		short, ok := Read(host, esp.FamilySendGrid, "/ss/c/u001."+x+"/4bs/"+message+"/h17/h001."+mac)
		long, okLong := Read(host, esp.FamilySendGrid, "/ls/click?upn=u001."+std+"kJiG_"+y16)
		require.Equal(t, n%16 == 0, ok, n)
		require.Equal(t, ok, okLong, n)
		require.Equal(t, short.Name, long.Name, n)
	}
}

// What tells messages apart: in the short form the message, in the long one the
// link alone.
func TestMark(t *testing.T) {
	one := read(t, "/ss/c/u001."+x32+"/4bs/"+message+"/h17/h001."+mac)
	again := read(t, "/ss/c/u001."+x32+"/4bt/"+message+"/h18/h001."+mac[:42]+"A")
	other := read(t, "/ss/c/u001."+x32+"/4bs/q"+message[1:]+"/h17/h001."+mac)
	require.Equal(t, one.Mark(), again.Mark(), "another link of the message")
	require.NotEqual(t, one.Mark(), other.Mark())
	require.True(t, one.Mark().named())
	long := read(t, "/ls/click?upn=u001."+x32Long+"kJiG_"+y16)
	mixed := read(t, "/ls/click?upn=u001."+x32Long+"abcd_"+y16)
	twice := read(t, "/ls/click?upn=u001."+x32Long+"kJiG_B"+y16[1:])
	require.Equal(t, long.Mark(), mixed.Mark(), "the 4 characters may be anything")
	require.NotEqual(t, long.Mark(), twice.Mark())
	require.False(t, long.Mark().named())
}

func TestReadAllocatesNothing(t *testing.T) {
	for _, set := range loadSets(t) {
		for _, target := range set.Links {
			require.Zero(t, testing.AllocsPerRun(10, func() {
				l, _ := Read(host, esp.FamilySendGrid, target)
				_ = l.Mark()
			}), target)
		}
	}
}
