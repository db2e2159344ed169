"""A practice estate on loopback that speaks LDAP, TDS, WS-Man and DNS."""
