package esp

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// Both directions of the table agree, and no two regions share their digits.
func TestSESRegionsBothWays(t *testing.T) {
	regions := SESRegions()
	require.Len(t, regions, 15)
	withDigits := 0
	for _, region := range regions {
		require.Equal(t, region, SESRegion(SESOrigin(region)))
		if digits := SESDigits(region); digits != "" {
			withDigits++
			require.Regexp(t, `^01[0-9a-f]{2}$`, digits)
			require.Equal(t, region, regionOfDigits(digits), digits)
		}
	}
	require.Equal(t, 12, withDigits)
}

// Public mail shows these; a link of each region names its region.
func TestMessageIDNamesTheRegion(t *testing.T) {
	for digits, region := range map[string]string{
		"0100": "us-east-1", "0101": "us-west-2", "0102": "eu-west-1", "0103": "sa-east-1",
		"0106": "ap-northeast-1", "0107": "eu-central-1", "0108": "ap-southeast-2", "0109": "ap-south-1",
		"010b": "eu-west-2", "010c": "ap-northeast-2", "010e": "ap-southeast-1", "010f": "us-east-2",
		"0104": "", "010a": "", "ffff": "",
	} {
		id := digits + "01a0a01d5872-5c963d3e-2a09-4018-8d07-d0f0737cf930-000000"
		link := "/CL0/https:%2F%2Fshop.example.com%2Fx/1/" + id + "/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=452"
		require.Equal(t, region, FamilySES.Read(link).Region, digits)
	}
}

func TestSESRegionOfAHost(t *testing.T) {
	require.Equal(t, "r.eu-west-1.awstrack.me", SESOrigin("eu-west-1"))
	require.Equal(t, "me-south-1", SESRegion("r.me-south-1.awstrack.me"), "a region that is not in the table")
	for _, other := range []string{"", "awstrack.me", "r.awstrack.me", "eu-west-1.awstrack.me", "r.eu-west-1.example.com", "sendgrid.net"} {
		require.Empty(t, SESRegion(other), other)
	}
	require.Empty(t, SESDigits("eu-north-1"), "a region whose message ids are not known")
	require.Empty(t, SESDigits("mars-north-1"))
	require.Empty(t, SESDigits(""))
	require.Empty(t, regionOfDigits(""), "a region without digits must not be found by none")
}

// The regions that real links were seen from are none of the guessed ones.
func TestSESGuessed(t *testing.T) {
	for _, region := range append(SESRegions(), "af-south-1", "us-west-1", "me-central-1", "mx-central-1") {
		require.False(t, SESGuessed(region), region)
	}
	for _, region := range []string{"us-gov-west-1", "us-gov-east-1", "cn-north-1", "cn-northwest-1", "eusc-de-east-1",
		"us-iso-east-1", "us-isob-east-1", "us-isof-south-1", "eu-isoe-west-1"} {
		require.True(t, SESGuessed(region), region)
		require.Empty(t, SESDigits(region))
	}
}
