/* The actions of `bracketd orders`: one file each, one row each in orders.c. Each is a command with
 * options of its own; argv begins after its name.
 */
#ifndef SERVER_CLI_ORDERS_H
#define SERVER_CLI_ORDERS_H

int cli_orders_place(int argc, char **argv);
int cli_orders_list(int argc, char **argv);
int cli_orders_show(int argc, char **argv);
int cli_orders_watch(int argc, char **argv);
int cli_orders_cancel(int argc, char **argv);
int cli_orders_events(int argc, char **argv);

#endif
