-- Tenants and their tokens. Times are microseconds since 1970.
CREATE TABLE scim_tenant (
  tenant   TEXT NOT NULL,
  version  INTEGER NOT NULL, -- moves with each change, also when the settings are removed
  settings TEXT, -- a JSON document of what differs from the default; NULL when they were removed
  PRIMARY KEY (tenant)
) WITHOUT ROWID;

CREATE TABLE scim_credential (
  id        TEXT NOT NULL,
  tenant    TEXT NOT NULL,
  name      TEXT NOT NULL,
  access    TEXT NOT NULL, -- read or write
  created   INTEGER NOT NULL,
  expires   INTEGER,                    -- NULL for never
  ends      INTEGER,
  revoked   INTEGER NOT NULL,
  last_used INTEGER,
  digest    TEXT NOT NULL, -- the SHA-256 digest of the token, in hexadecimal digits
  PRIMARY KEY (id)
) WITHOUT ROWID;
CREATE INDEX scim_credential_tenant ON scim_credential (tenant, created, id);

CREATE TABLE scim_link (
  id       TEXT NOT NULL,
  tenant   TEXT NOT NULL,
  name     TEXT NOT NULL,
  access   TEXT NOT NULL,
  expires  INTEGER,                    -- of the credential to be
  replaces TEXT NOT NULL, -- nothing, one or all
  replaced TEXT,          -- which one
  overlap  INTEGER NOT NULL,           -- in microseconds
  created  INTEGER NOT NULL,
  ends     INTEGER NOT NULL,
  digest   TEXT NOT NULL,
  PRIMARY KEY (id)
) WITHOUT ROWID;
CREATE INDEX scim_link_tenant ON scim_link (tenant);

-- A row for each tenant, locked by whoever replaces or ends several of its tokens: they take turns.
CREATE TABLE scim_turn (
  tenant TEXT NOT NULL,
  turns  INTEGER NOT NULL,
  PRIMARY KEY (tenant)
) WITHOUT ROWID;
