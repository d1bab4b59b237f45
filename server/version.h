/* The version of the program: in `bracketd version`, /healthz and openapi.yaml. */
#ifndef SERVER_VERSION_H
#define SERVER_VERSION_H

#define BRACKETD_VERSION "0.1.0"

#endif
