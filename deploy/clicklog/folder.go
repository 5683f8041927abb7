package clicklog

// Folder is where S3 and GCS get the log's files, with the day in the words of
// strftime, which Fastly puts in when it begins a file. Athena and others take
// such a folder for the column dt, and read the days that they are asked for.
//
// There is no slash before it: an object's name has none. The day is the
// file's, in UTC. A line from around midnight may lie in the next one's.
const Folder = "clicks/" + DayFolder

// DayFolder is the part of [Folder] that changes.
const DayFolder = "dt=%Y-%m-%d/"
