import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.sql.*;
import java.time.*;
import java.util.*;

/** Prints whole views, or what a query finds, as JDBC gives them: a line of JSON with names and types, then one for each row. */
public class Dump {
    private static final PrintStream OUT = new PrintStream(System.out, false, StandardCharsets.UTF_8);

    public static void main(String[] arguments) throws Exception {
        Properties known = new Properties();
        known.setProperty("password", arguments[1]);
        try (Connection connection = DriverManager.getConnection(arguments[0], known)) {
            for (String view : Arrays.asList(arguments).subList(2, arguments.length)) {
                dump(connection, view);
            }
        }
        OUT.flush();
    }

    private static void dump(Connection connection, String view) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery(view.startsWith("SELECT ") ? view : "SELECT * FROM " + view)) {
            ResultSetMetaData about = rows.getMetaData();
            List<String> names = new ArrayList<>();
            List<String> types = new ArrayList<>();
            for (int i = 1; i <= about.getColumnCount(); i++) {
                names.add(quoted(about.getColumnName(i)));
                types.add(quoted(about.getColumnTypeName(i)));
            }
            OUT.println("{\"view\": " + quoted(view) + ", \"columns\": " + names + ", \"types\": " + types + "}");
            while (rows.next()) {
                List<String> values = new ArrayList<>();
                for (int i = 1; i <= names.size(); i++) values.add(value(rows, i, about.getColumnTypeName(i)));
                OUT.println(values);
            }
        }
    }

    private static String value(ResultSet rows, int i, String type) throws SQLException {
        Object plain = rows.getObject(i);
        if (plain == null) return "null";
        if (type.equals("timestamptz")) return said("moment", rows.getObject(i, OffsetDateTime.class));
        if (type.equals("timestamp")) return said("local", rows.getObject(i, LocalDateTime.class));
        if (type.equals("date")) return said("date", rows.getObject(i, LocalDate.class));
        if (plain instanceof byte[] bytes) return said("bytes", HexFormat.of().formatHex(bytes));
        if (plain instanceof Number || plain instanceof Boolean) return plain.toString();
        return quoted((String) plain);
    }

    private static String said(String kind, Object value) {
        return "{" + quoted(kind) + ": " + quoted(value.toString()) + "}";
    }

    private static String quoted(String text) {
        StringBuilder said = new StringBuilder("\"");
        for (char each : text.toCharArray()) {
            if (each < 32 || each > 126 || each == '"' || each == '\\') said.append(String.format("\\u%04x", (int) each));
            else said.append(each);
        }
        return said.append('"').toString();
    }
}
