/** A key and certificate for 127.0.0.1 that were made for these tests and are trusted nowhere else. */
export const testKey = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgxALme6qFd14iJC1u
JLqzw2JQHFwGOwfjinuQ0NB0twuhRANCAASG19I7MWMAfYRIYjOmrsEZ2OnIWe26
N+iLaiE01F1BV4n7q/+75wFqRW75czzLerliTCZElkfyMa7lpwg3PmAK
-----END PRIVATE KEY-----
`

/** The certificate; it is its own CA. */
export const testCertificate = `-----BEGIN CERTIFICATE-----
MIIBsjCCAVigAwIBAgIUHF9EWJnMNFsLhrhAWgWQngGPr+QwCgYIKoZIzj0EAwIw
JTEjMCEGA1UEAwwabXVsdGktY2x1c3Rlci1pbmdyZXNzIHRlc3QwIBcNMjYxMTIx
MDQ1NjM3WhgPMjEyNjEwMjgwNDU2MzdaMCUxIzAhBgNVBAMMGm11bHRpLWNsdXN0
ZXItaW5ncmVzcyB0ZXN0MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEhtfSOzFj
AH2ESGIzpq7BGdjpyFntujfoi2ohNNRdQVeJ+6v/u+cBakVu+XM8y3q5YkwmRJZH
8jGu5acINz5gCqNkMGIwHQYDVR0OBBYEFCfAFChfgoC+RB3zJgzdAqfykSJ5MB8G
A1UdIwQYMBaAFCfAFChfgoC+RB3zJgzdAqfykSJ5MA8GA1UdEwEB/wQFMAMBAf8w
DwYDVR0RBAgwBocEfwAAATAKBggqhkjOPQQDAgNIADBFAiEAl16JLnlPHLocw+ce
PhtfAHJQjAwR8w63Ojg7bLLoCBcCIHSDBuYm4vG/0aVt0cT6oMNqTV7JqrvfRr1O
UuB1BbCX
-----END CERTIFICATE-----
`
