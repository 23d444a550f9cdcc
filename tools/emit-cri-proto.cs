// Emits src/Gureum.Node/Cri/cri.proto: the names, types and numbers of CRI v1, and nothing else.
//
//   dotnet run tools/emit-cri-proto.cs -- <path of the upstream api.proto> <output>
//
// Dropped: comments, gogoproto options (protoc would want that import), and everything for Windows nodes.
#:property RestorePackagesWithLockFile=false
#:property PublishAot=false

using System.Text;
using System.Text.RegularExpressions;

if (args.Length != 2)
{
    Console.Error.WriteLine("usage: dotnet run tools/emit-cri-proto.cs -- <api.proto> <output>");
    return 2;
}

string source = File.ReadAllText(args[0]);
source = Regex.Replace(source, @"/\*.*?\*/", "", RegexOptions.Singleline);
source = Regex.Replace(source, @"//[^\n]*", "");
source = Regex.Replace(source, @"\[[^\]]*\]", "");
string[] tokens = [.. Regex.Matches(source, "\"[^\"]*\"|[A-Za-z0-9_.<>,]+(?:\\s*<[^>]*>)?|[{}();=]").Select(m => Regex.Replace(m.Value, @"\s+", " "))];

var output = new StringBuilder();
output.Append("// Facts of the Container Runtime Interface, version 1: names, types and field numbers.\n");
output.Append("// Written by tools/emit-cri-proto.cs; do not edit.\n");
output.Append("syntax = \"proto3\";\n\npackage runtime.v1;\n\noption csharp_namespace = \"Gureum.Node.Cri.V1\";\n");

int depth = 0, skipFrom = -1;
var statement = new List<string>();
foreach (string token in tokens)
{
    switch (token)
    {
        case ";":
            if (skipFrom < 0 && Keep(statement)) Line($"{Join(statement)};");
            statement.Clear();
            break;
        case "{":
            // An rpc's empty body adds nothing: the statement itself already says everything.
            if (statement is ["rpc", ..])
            {
                if (skipFrom < 0) Line($"{Join(statement)};");
                statement.Clear();
                statement.Add("{");
                break;
            }
            if (skipFrom < 0 && statement.Any(t => t.StartsWith("Windows", StringComparison.Ordinal))) skipFrom = depth;
            if (skipFrom < 0)
            {
                if (depth == 0) output.Append('\n');
                Line($"{Join(statement)} {{");
            }
            depth++;
            statement.Clear();
            break;
        case "}":
            if (statement is ["{"]) { statement.Clear(); break; }
            depth--;
            if (skipFrom < 0) Line("}");
            if (skipFrom == depth) skipFrom = -1;
            break;
        default:
            statement.Add(token);
            break;
    }
}

File.WriteAllText(args[1], output.ToString());
return 0;

bool Keep(List<string> s) => depth > 0 && s.Count > 0 && s[0] is not ("option" or "syntax" or "package" or "import")
    && !s.Any(t => t.StartsWith("Windows", StringComparison.Ordinal));

void Line(string text) => output.Append(new string(' ', depth * 2)).Append(text).Append('\n');

static string Join(List<string> s) => string.Join(' ', s).Replace(" (", "(").Replace("( ", "(").Replace(" )", ")").Replace("returns(", "returns (");
