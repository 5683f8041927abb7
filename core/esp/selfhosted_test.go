package esp

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const threeUUIDs = "11111111-2222-4333-8444-555555555555/66666666-7777-4888-9999-aaaaaaaaaaaa/bbbbbbbb-cccc-4ddd-8eee-ffffffffffff"

func TestSelfHosted(t *testing.T) {
	two := threeUUIDs[37:]
	one := threeUUIDs[74:]
	for f, links := range map[Family]map[string]Kind{
		FamilyMautic: {
			"/r/0123456789abcdef01234567?ct=YTo1": KindClick, "/redirect/0123456789abcdef": KindClick,
			"/email/6123456789abcdef012345.gif": KindOpen, "/email/6123456789abcdef012345.gif?d=1": KindOpen,
			"/email/unsubscribe/6123456789abc": KindUnsubscribe, "/email/unsubscribe/6123456789abc/a%40example.com/f00": KindUnsubscribe,
			"/email/dnc/6123456789abc": KindUnsubscribe, "/email/view/6123456789abc": KindOther, "/email/resubscribe/6123456789abc": KindOther,
			"/email/preview/1?x=.gif": KindOther, "/mtc.js": KindOther, "/r": KindOther, "/s/login": KindOther,
		},
		FamilyListmonk: {
			"/link/" + threeUUIDs: KindClick, "/campaign/" + two + "/px.png": KindOpen, "/campaign/" + two: KindOther,
			"/subscription/" + two: KindUnsubscribe, "/subscription/" + two + "?manage=1": KindUnsubscribe,
			"/subscription/form": KindOther, "/subscription/optin/" + one + "?l=1": KindOther, "/subscription/export/" + one: KindOther,
			"/subscription/wipe/" + one: KindOther, "/api/health": KindOther, "/": KindOther,
		},
		FamilyPostal: {
			"/ab12cd/aB3dE5fG7hI9jK1L": KindClick, "/ab12cd/aB3dE5fG7hI9jK1L?x": KindClick, "/ab-12/x/": KindClick,
			"/img/ab12cd/Z9yX8wV7uT6sR5qP": KindOpen, "/img/ab12cd": KindClick, // as Postal reads it
			"/ab12cd": KindOther, "/ab12cd/": KindOther, "//aB3dE5": KindOther, "/": KindOther, "/favicon.ico": KindOther, "/ab_cd/x": KindOther,
			"/.well-known/security.txt": KindOther,
		},
	} {
		require.False(t, f.Readable())
		require.True(t, strings.HasPrefix(f.Gradings().Unread, "all"))
		for link, want := range links {
			require.Equal(t, want.String(), f.Kind(link).String(), "%s: %s", f, link)
			to, g := f.Destination(link)
			require.Equal(t, Unread, g)
			require.Empty(t, to)
			for _, field := range f.Read(link).Fields {
				require.True(t, field.Personal)
			}
		}
	}
	require.Equal(t, FamilyPostal, Families()[len(Families())-1])
	require.NotContains(t, Families(), FamilyCustom)
}
