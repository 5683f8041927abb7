package esp

import "strings"

// sesRegions are the regions that real links were seen from, and the first four
// digits of the message ids that they give, "" where no id was seen. Amazon
// documents neither; SES has more regions than these.
var sesRegions = [...]struct{ region, digits string }{
	{"us-east-1", "0100"},
	{"us-east-2", "010f"},
	{"us-west-2", "0101"},
	{"eu-west-1", "0102"},
	{"eu-west-2", "010b"},
	{"eu-west-3", ""},
	{"eu-central-1", "0107"},
	{"eu-north-1", ""},
	{"sa-east-1", "0103"},
	{"ca-central-1", ""},
	{"ap-northeast-1", "0106"},
	{"ap-northeast-2", "010c"},
	{"ap-south-1", "0109"},
	{"ap-southeast-1", "010e"},
	{"ap-southeast-2", "0108"},
}

// SESRegions returns the regions of SES that real links were seen from.
func SESRegions() []string {
	list := make([]string, 0, len(sesRegions))
	for _, r := range sesRegions {
		list = append(list, r.region)
	}
	return list
}

// SESDigits returns the first four digits of the message ids of a region, "" if
// unknown.
func SESDigits(region string) string {
	for _, r := range sesRegions {
		if r.region == region {
			return r.digits
		}
	}
	return ""
}

// regionOfDigits returns the region whose message ids begin with these four
// digits, "" if unknown.
func regionOfDigits(digits string) string {
	for _, r := range sesRegions {
		if r.digits == digits && digits != "" {
			return r.region
		}
	}
	return ""
}

// SESOrigin returns the name of a region's tracking host. In other partitions
// than the standard one it is a guess, see [SESGuessed].
func SESOrigin(region string) string { return "r." + region + "." + sesDomain }

const sesDomain = "awstrack.me"

// SESRegion returns the region of a tracking host, "" for a name of another
// form. It is [SESOrigin] read backwards.
func SESRegion(host string) string {
	region, isSES := strings.CutSuffix(host, "."+sesDomain)
	region, isRegion := strings.CutPrefix(region, "r.")
	if !isSES || !isRegion {
		return ""
	}
	return region
}

// SESGuessed reports whether the tracking host of a region is a guess. That is
// so in AWS's other partitions: GovCloud, China, the European Sovereign Cloud
// and the isolated ones. No page of AWS's that names their hosts was found, nor
// a link from them, and each has domains of its own for other services.
func SESGuessed(region string) bool {
	for _, begin := range [...]string{"us-gov-", "cn-", "eusc-", "us-iso", "eu-iso"} {
		if strings.HasPrefix(region, begin) {
			return true
		}
	}
	return false
}
